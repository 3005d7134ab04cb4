# Everything runs in .venv, which the first target that needs it makes; nothing has to be activated.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYTHONSAFEPATH :=
PYTHON ?= $(shell command -v python3.11 || command -v python3)

.PHONY: help repro test test-fast lint format seeds search mend graph tables params claim verify ablation learning-curve active-learning bench-clean bench-augment bench-finetune bench-busy bench-evaluate bench-explain bench-annotate bench-export bench-probe bench-serve pins clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.venv/installed: requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --requirement requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	.venv/bin/python -m pip install --quiet --requirement requirements.txt --requirement requirements-dev.txt
	@touch $@

repro: .venv/installed ## run what changed in the graph, then print the result table and where the plots are
	@python -m commands.mend
	dvc repro
	@python -m commands.tables results

test: .venv/installed-dev ## run the tests
	pytest --numprocesses 2 --dist loadgroup

test-fast: .venv/installed-dev ## run the tests that take no whole run, no browser and no server, in two minutes
	pytest --numprocesses 2 --dist loadgroup -m "not slow"

lint: .venv/installed-dev ## check format, style and types
	ruff format --check .
	ruff check .
	mypy

format: .venv/installed-dev ## bring the code into its format
	ruff format .
	ruff check --fix .

seeds: .venv/installed ## train with several seeds, as DVC experiments, and write reports/seeds/
	python -m commands.seeds

search: .venv/installed ## search hyperparameters on validation data, as DVC experiments; TRIALS=20, goes on where it stopped
	python -m commands.search $(if $(TRIALS),--trials $(TRIALS))

mend: .venv/installed ## mend what DVC left half-written when it was killed, as `make repro` does, before a plain `dvc repro`
	python -m commands.mend

graph: .venv/installed ## write into dvc.yaml what each stage's code imports: files, folders and packages
	python -m commands.graph

tables: .venv/installed ## write the stage table and the result tables into README.md
	python -m commands.tables write

params: .venv/installed ## write the comments of params.yaml and docs/parameters.md, from what the stages' models say
	python -m commands.parameters

.bench/installed:
	$(PYTHON) -m venv .bench
	.bench/bin/python -m pip install --quiet text-dedup==0.4.0  # the newest that runs on Python 3.11
	@touch $@

bench-clean: .venv/installed .bench/installed ## measure cleaning and the label audit beside other tools (a quarter of an hour)
	.venv/bin/python -m pip install --quiet datasketch==2.0.0
	python -m benchmarks.bench_clean
	python -m benchmarks.bench_clean_scale

bench-finetune: .venv/installed ## measure fine-tuning beside a plain loop and transformers' Trainer
	@python -m commands.mend
	dvc repro --quiet fetch_models@pretrained
	python -m benchmarks.bench_finetune

bench-busy: .venv/installed ## measure one training alone and two at once on the same cores (a quarter of an hour)
	@python -m commands.mend
	dvc repro --quiet fetch_models@pretrained
	python -m benchmarks.bench_busy

bench-explain: .venv/installed-dev ## measure explanations beside captum, their faithfulness on AG News, and a planted shortcut
	python -m benchmarks.bench_explain

bench-probe: .venv/installed ## measure whether probes find a planted bias, false alarms and HateCheck (DATA_MIRROR: ag_news, hatecheck)
	python -m benchmarks.bench_probe

bench-evaluate: .venv/installed ## measure scoring beside transformers' pipeline
	python -m benchmarks.bench_evaluate

bench-export: .venv/installed ## measure the exported model beside transformers' pipeline (DATA_MIRROR: ag_news)
	python -m benchmarks.bench_export $(DATA_MIRROR)/ag_news/test.csv models/exported models/finetuned $(MODELS)

bench-serve: .venv/installed ## measure the service: latency, throughput, overload, stopping, parity (DATA_MIRROR: ag_news)
	python -m benchmarks.bench_serve

.venv-augment/installed: .venv/installed
	$(PYTHON) -m venv .venv-augment
	echo "$(CURDIR)"/.venv/lib/python3.*/site-packages > .venv-augment/project.pth
	mv .venv-augment/project.pth .venv-augment/lib/python3.*/site-packages/
	.venv-augment/bin/python -m pip install --quiet nlpaug==1.1.11 textaugment==3.0.0 nltk==3.8.1 gensim==4.4.0
	@touch $@

bench-augment: .venv-augment/installed ## measure augmentation beside nlpaug and textaugment (NLTK_DATA: a folder with taggers/)
	@python -m commands.mend
	dvc repro --quiet fetch_models@lexicon fetch_models@pretrained
	.venv-augment/bin/python -W ignore -m benchmarks.bench_augment

.venv-annotate/installed: .venv/installed
	$(PYTHON) -m venv .venv-annotate
	echo "$(CURDIR)"/.venv/lib/python3.*/site-packages > .venv-annotate/project.pth
	mv .venv-annotate/project.pth .venv-annotate/lib/python3.*/site-packages/
	.venv-annotate/bin/python -m pip install --quiet crowd-kit==1.4.2 krippendorff==0.9.0 statsmodels==0.15.0
	.venv-annotate/bin/python -m pip install --quiet --no-deps irrCAC==0.4.4  # it would take an older numpy and pandas
	@touch $@

bench-annotate: .venv-annotate/installed ## measure agreement and aggregation beside other packages (DATA_MIRROR: hatecheck, snow2008)
	.venv-annotate/bin/python -m benchmarks.bench_agreement
	.venv-annotate/bin/python -W ignore -m benchmarks.bench_annotate

ablation: .venv/installed ## measure what augmentation and balancing change; finished runs are kept in .kept_runs
	@python -m commands.mend
	dvc repro --quiet fetch_models@lexicon fetch_models@pretrained
	python -m benchmarks.ablation

learning-curve: .venv/installed ## measure what more training documents change; finished runs are kept in .kept_runs
	@python -m commands.mend
	dvc repro --quiet fetch_models@pretrained
	python -m benchmarks.learning_curve

active-learning: .venv/installed ## measure what active learning saves; finished runs are in benchmarks/results/
	@python -m commands.mend
	dvc repro --quiet fetch_models@pretrained
	python -m benchmarks.active_learning

claim: .venv/installed ## write claims/default.yaml, or CLAIM=name, from the finished run
	python -m commands.claim $(CLAIM)

verify: .venv/installed ## check the default claim on this run; CLAIM=name (or all) runs it in a clean clone, AT=HEAD with today's code
	python -m commands.verify $(CLAIM) $(if $(AT),--at $(AT))

pins: ## pin the newest releases that requirements.in and requirements-dev.in allow; write pins.yaml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet pip-tools
	for set in requirements requirements-dev; do \
		.venv/bin/pip-compile --quiet --upgrade --strip-extras --no-header --no-emit-index-url --no-emit-find-links \
			--no-emit-trusted-host --output-file $$set.txt $$set.in && \
		sed -i 's/^\(torch==[^+]*\)+.*/\1/' $$set.txt || exit 1; \
	done  # "+cpu" and the like name one build of torch; every machine takes its own
	.venv/bin/python -m commands.pins

clean: ## remove what a run makes, but not DVC's cache
	rm -rf .bench data/[a-z]*/ models/[a-z]*/ reports/index.html .checkpoints .embeddings .trackers .translations .pytest_cache .mypy_cache .ruff_cache dvc_plots
