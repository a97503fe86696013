"""Yesterday's activities of Marketo to Parquet, every night."""

# [START activities_to_parquet]
import pendulum
from airflow.sdk import DAG, Param
from airflow.timetables.interval import CronDataIntervalTimetable

from airflow_provider_mkt.operators.exports import ExportActivitiesOperator

with DAG(
    "activities_to_parquet",
    doc_md=__doc__,
    # At three, because some activities are logged an hour or more after they happened. Each run has the
    # interval of one day. Plain "0 3 * * *" would have empty intervals in Airflow 3.
    schedule=CronDataIntervalTimetable("0 3 * * *", timezone="UTC"),
    start_date=pendulum.datetime(2025, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3},
    params={"folder": Param("s3://aws_default@lake/marketo/activities", title="Folder", type="string")},
):
    ExportActivitiesOperator(
        task_id="export",
        conn_id="marketo_default",
        start="{{ data_interval_start.in_timezone('UTC').start_of('day').isoformat() }}",
        end="{{ data_interval_end.in_timezone('UTC').start_of('day').isoformat() }}",
        output_path="{{ params.folder }}/{{ data_interval_start | ds }}.parquet",
        deferrable=True,
    )
# [END activities_to_parquet]
