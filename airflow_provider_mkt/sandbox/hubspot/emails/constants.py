"""Values of email fields."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TYPES = _names(
    """
    AB_EMAIL AUTOMATED_AB_EMAIL AUTOMATED_EMAIL BATCH_EMAIL BLOG_EMAIL BLOG_EMAIL_CHILD
    FEEDBACK_CES_EMAIL FEEDBACK_CUSTOM_EMAIL FEEDBACK_CUSTOM_SURVEY_EMAIL FEEDBACK_NPS_EMAIL
    FOLLOWUP_EMAIL LEADFLOW_EMAIL LOCALTIME_EMAIL MANAGE_PREFERENCES_EMAIL MARKETING_SINGLE_SEND_API
    MEMBERSHIP_EMAIL_VERIFICATION_EMAIL MEMBERSHIP_FOLLOW_UP_EMAIL MEMBERSHIP_OTP_LOGIN_EMAIL
    MEMBERSHIP_PASSWORD_RESET_EMAIL MEMBERSHIP_PASSWORD_SAVED_EMAIL MEMBERSHIP_PASSWORDLESS_AUTH_EMAIL
    MEMBERSHIP_REGISTRATION_EMAIL MEMBERSHIP_REGISTRATION_FOLLOW_UP_EMAIL MEMBERSHIP_VERIFICATION_EMAIL
    OPTIN_EMAIL OPTIN_FOLLOWUP_EMAIL RESUBSCRIBE_EMAIL RSS_EMAIL RSS_EMAIL_CHILD SINGLE_SEND_API
    SMTP_TOKEN TICKET_EMAIL
    """
)
"""Types of emails."""
STATES = _names(
    """
    AGENT_GENERATED AUTOMATED AUTOMATED_AB AUTOMATED_AB_VARIANT AUTOMATED_DRAFT AUTOMATED_DRAFT_AB
    AUTOMATED_DRAFT_ABVARIANT AUTOMATED_FOR_FORM AUTOMATED_FOR_FORM_BUFFER AUTOMATED_FOR_FORM_DRAFT
    AUTOMATED_FOR_FORM_LEGACY AUTOMATED_LOSER_ABVARIANT AUTOMATED_SENDING BLOG_EMAIL_DRAFT
    BLOG_EMAIL_PUBLISHED DRAFT DRAFT_AB DRAFT_AB_VARIANT ERROR LOSER_AB_VARIANT PAGE_STUB PRE_PROCESSING
    PROCESSING PUBLISHED PUBLISHED_AB PUBLISHED_AB_VARIANT PUBLISHED_OR_SCHEDULED RSS_TO_EMAIL_DRAFT
    RSS_TO_EMAIL_PUBLISHED SCHEDULED SCHEDULED_AB SCHEDULED_OR_PUBLISHED
    """
)
"""States of emails; the sandbox uses a few of them."""
SUBCATEGORIES = _names(
    """
    ab_loser_variant ab_loser_variant_site_page ab_master ab_master_site_page ab_variant
    ab_variant_site_page automated automated_ab_master automated_ab_variant automated_for_crm
    automated_for_custom_survey automated_for_deal automated_for_feedback_ces
    automated_for_feedback_custom automated_for_feedback_nps automated_for_form
    automated_for_form_buffer automated_for_form_draft automated_for_form_legacy automated_for_leadflow
    automated_for_ticket batch blog_article_instance_layout blog_article_listing blog_author_detail
    blog_email blog_email_child case_study case_study_instance_layout case_study_listing
    discardable_stub imported_blog_post kb_404_page kb_article_instance_layout kb_listing
    kb_search_results kb_support_form landing_page legacy_blog_post legacy_page localtime
    manage_preferences_email marketing_single_send_api membership_email_verification
    membership_follow_up membership_otp_login membership_password_reset membership_password_saved
    membership_passwordless_auth membership_registration membership_registration_follow_up
    membership_verification normal_blog_post optin_email optin_followup_email page_instance_layout
    page_stub performable_landing_page performable_landing_page_cutover podcast_instance_layout
    podcast_listing portal_content resubscribe_confirmation_email resubscribe_email rss_to_email
    rss_to_email_child scp_instance_layout_page scp_static_page single_send_api site_page smtp_token
    staged_page ticket_closed_kickback_email ticket_opened_kickback_email ticket_pipeline_automated
    UNKNOWN unsubscribe_confirmation_email web_interactive
    """
)
"""Subcategories of emails."""
TEST_ROLES = _names(
    """
    automated_loser_variant automated_master automated_variant loser_variant mab_master mab_variant master
    variant
    """
)
"""Roles in an A/B test."""
TEST_METRICS = frozenset({"CLICKS_BY_DELIVERED", "CLICKS_BY_OPENS", "OPENS_BY_DELIVERED"})
"""Metrics that decide an A/B test."""
BLOG_LAYOUTS = frozenset({"FULL_POST", "SUMMARY_NO_FEATURED_IMAGE", "SUMMARY_WITH_FEATURED_IMAGE"})
"""Layouts of blog posts in an email."""
