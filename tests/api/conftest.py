from hypothesis import settings

settings.register_profile("api", deadline=None, max_examples=80)
settings.load_profile("api")
