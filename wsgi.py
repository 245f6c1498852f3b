"""For WSGI servers: `gunicorn wsgi:app`."""

from server.app import create_app
from server.config import load_config
from server.upkeep.serving import hold_for_serving
from server.web.serve import freeze_what_is_loaded

hold_for_serving(load_config())
app = create_app()
freeze_what_is_loaded()
