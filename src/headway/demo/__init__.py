"""An example app with real work on real input; `headway demo` runs it. Read `app.py` first."""
