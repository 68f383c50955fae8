# make demo     the main job, for real: boots lab hosts and provisions them (CONTRIBUTING.md says what it needs), and goes on to
#               a cluster that runs where AKSPROV_TEST_KUBERNETES names a folder with Kubernetes
# make test     every test that can run here; what cannot is skipped, with a line that says why
# make test-faults   every fault that hosts, networks and disks may have, not only one of each kind: about 20 minutes
#
# Needs make 3.81, a POSIX shell and Python 3.11 or newer; tools/in-venv sets up the rest.
# PYTHON=python3.12 takes another Python than the newest, ARGS="-k name" goes to pytest.

SHELL = /bin/sh
PYTEST = tools/in-venv pytest $(ARGS)

.PHONY: test test-faults e2e e2e-full demo lint unit lab bench bench-peers bench-powershell bench-ansible bench-windows bench-bring-up sanity build generate lock clean packages

# a file of tests at a time, two on each core, as most of what lab tests do is wait; the lab's first, as they take longest
WORKERS = $$(($$(getconf _NPROCESSORS_ONLN) * 2))

test: packages
	@$(PYTEST) --quiet --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow" \
		tests/e2e tests/lab tests/ansible tests/powershell tests/lint tests/unit tests/golden

test-faults: packages
	@$(PYTEST) --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder -m "slow or fault" tests

# a real cluster, with the Kubernetes that AKSPROV_TEST_KUBERNETES names: the small one of every run of the tests
e2e: packages
	@$(PYTEST) tests/e2e -m "not slow"

# and three control planes behind a pair: the master is cut off, a control plane dies, all is removed and made again
e2e-full: packages
	@$(PYTEST) tests/e2e

demo: packages
	@PYTHONPATH=tests/e2e tools/in-venv python tests/lab/demo.py

lint:
	@$(PYTEST) --quiet tests/lint

unit:
	@$(PYTEST) --quiet tests/unit tests/golden

lab: packages
	@$(PYTEST) tests/lab

bench: packages
	@PYTHONPATH=tests/lab:tests/unit/state tools/in-venv python tests/bench/bench.py

# a cmdlet over the bare verb, and 1,000 clusters in the pipeline; AKSPROV_TEST_PWSH is the engine
bench-powershell:
	@tools/in-venv python tests/bench/powershell.py

# an Ansible task over the bare verb
bench-ansible:
	@PYTHONPATH=tests/ansible tools/in-venv python tests/bench/ansible_tasks.py

# against Ansible, Mitogen, pyinfra and ssh on the same lab hosts: half an hour; ARGS="10 3 aksprov pyinfra" is some of it
bench-peers: packages
	@AKSPROV_BENCH_PEERS=$$(tools/environment tests/bench) PYTHONPATH=tests/lab tools/in-venv python tests/bench/race.py $(ARGS)

# Windows hosts of the lab: ours against Ansible's psrp and winrm plugins and plain pypsrp; ARGS="10 0" is hosts and milliseconds
bench-windows:
	@AKSPROV_BENCH_PEERS=$$(tools/environment tests/bench) PYTHONPATH=tests/lab tools/in-venv python tests/bench/windows.py $(ARGS)

# clusters of 1 + 1 + 1 hosts by aksprov and by plain commands over ssh, with the Kubernetes that AKSPROV_TEST_KUBERNETES names
bench-bring-up: packages
	@PYTHONPATH=tests/lab:tests/e2e tools/in-venv python tests/bench/bring_up.py $(ARGS)

# ansible-test's sanity checks of the collection, laid out as it wants; takes packages from the index
sanity:
	@tools/sanity

# a wheel in dist/
build:
	@tools/in-venv hatchling build -t wheel

# the files that are made from the declarations in aksprov/cmdlets: the reference page, the PowerShell module ...
generate:
	@tools/in-venv python tools/generate

# requirements.txt anew from pyproject.toml; ARGS=--upgrade takes newer versions
lock:
	@tools/lock $(ARGS)

# what lab hosts need; without it their tests are skipped, and say why
packages:
	@tools/packages || true

clean:
	rm -rf .venv-* dist
