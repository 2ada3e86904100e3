PYTHON ?= python3
PORT ?= 8501
VENV = .venv/bin/python
PIP = $(VENV) -m pip install -q --disable-pip-version-check --root-user-action=ignore

.PHONY: app test lint bench examples chromium

app: .venv/installed  ## serve the program at http://localhost:$(PORT)
	@$(VENV) -c 'import socket, sys; socket.create_server(("localhost", int(sys.argv[1]))).close()' "$(PORT)" 2>/dev/null \
		|| { echo "Port $(PORT) is taken by another program or cannot be used; choose another: make app PORT=8600" >&2; exit 1; }
	@exec $(VENV) -m streamlit run app.py --server.port "$(PORT)"

test: .venv/installed-dev chromium lint  ## everything that is checked
	@$(VENV) -m pytest -n logical --maxprocesses 4 --dist loadfile

lint: .venv/installed-dev
	@$(VENV) -m ruff check .
	@$(VENV) -m ruff format --check .

bench: .venv/installed-dev  ## speed, as ratios measured on this machine
	@$(VENV) -m distill bench

examples: .venv/installed  ## train the shipped example runs anew
	@PYTHONPATH=. $(VENV) assets/make_examples.py

chromium:
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get update && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 \
		|| echo "There is no chromium here and it could not be installed: the browser tests will be skipped, saying so."

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Distill needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv); another one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(VENV) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv; the first time takes a few minutes, since torch is large."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@$(PIP) -r requirements-dev.txt
	@touch $@
