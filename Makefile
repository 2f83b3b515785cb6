# make run           build and start the whole container's process tree on the CPU engine
# make run PDF=file  … and send that file, and print its Markdown
# make test          build and run all tests
# make test-vllm     install a real vLLM (3.5 GB, once) and run the stories with it; VLLM_DIR=folder
# make build         the programs, optimised, in .build/release
# make format lint   format the sources; check them
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed '/^$$/q'

# Debian packages: what the build links, what the programs read at run time, and what tests use.
BUILD_PACKAGES := pkg-config libpoppler-glib-dev libpoppler-private-dev libcairo2-dev libfontconfig-dev \
	libjpeg62-turbo-dev libpng-dev libleptonica-dev libtesseract-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev \
	zlib1g-dev
RUN_PACKAGES := tesseract-ocr-eng tesseract-ocr-rus poppler-data fonts-dejavu-core curl jq
TEST_PACKAGES := poppler-utils debmake-doc python3 python3-jsonschema procps util-linux qpdf tesseract-ocr \
	fonts-wqy-microhei prometheus iproute2 strace python3-venv swift-proxy swift-account swift-container \
	swift-object

.PHONY: packages test-packages
packages:
	@etc/build/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES)
test-packages:
	@etc/build/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)

# One optimised build serves programs and tests.
.PHONY: build
build: packages
	@etc/build/build-programs

.PHONY: run
run: packages
	@etc/build/run $(if $(PDF),"$(abspath $(PDF))")

.PHONY: build-tests test
build-tests: test-packages
	@etc/build/build-tests
test: build-tests
	@etc/build/build-programs
	@etc/test/run

VLLM_DIR ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/coxswain/vllm
.PHONY: test-vllm
test-vllm: build-tests
	@etc/build/build-programs
	@etc/test/vllm/install "$(VLLM_DIR)"
	@COXSWAIN_TEST_VLLM="$(abspath $(VLLM_DIR))" swift test -c release --skip-build --no-parallel --filter RealVLLMTests

# Asks a running api for everything that it says of itself, this many times each.
CASES ?= 2000
.PHONY: test-openapi
test-openapi: test-packages build
	@Tests/schemathesis/run --cases $(CASES)

.PHONY: format lint
format:
	swift-format format -i -r Sources Tests Package.swift
lint:
	swift-format lint --strict -r Sources Tests Package.swift
