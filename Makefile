# make run           build and start the whole container's process tree on the CPU engine
# make run PDF=file  … and send that file, and print its Markdown
# make test          build and run all tests
# make test-vllm     install a real vLLM (3.5 GB, once) and run the stories with it; VLLM_DIR=folder
# make build         the programs, optimised, in .build/release
# make test-image    build the images without a registry, and try them as containers; IMAGE_TREE=.build/dist builds nothing inside
# make dist          programs, their libraries, licences and examples in .build/dist, and a tar of it; OUT=folder, VERSION=1.2.3
# make format lint   format the sources; check them
# make lint-deployment   scripts, Dockerfile, compose files, Kubernetes manifests, each by the tools of its place
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed '/^$$/q'

# Debian packages: what the build links, what the programs read at run time, and what tests use.
BUILD_PACKAGES := pkg-config libpoppler-glib-dev libpoppler-private-dev libcairo2-dev libfontconfig-dev \
	libjpeg62-turbo-dev libpng-dev libleptonica-dev libtesseract-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev \
	zlib1g-dev
DIST_PACKAGES := patchelf binutils
RUN_PACKAGES := tesseract-ocr-eng tesseract-ocr-rus poppler-data fonts-dejavu-core curl jq
TEST_PACKAGES := poppler-utils debmake-doc python3 python3-jsonschema procps util-linux qpdf tesseract-ocr \
	fonts-wqy-microhei prometheus iproute2 strace python3-venv swift-proxy swift-account swift-container \
	swift-object openssl

.PHONY: packages test-packages
packages:
	@etc/build/install-packages $(BUILD_PACKAGES) $(RUN_PACKAGES)
test-packages:
	@etc/build/install-packages $(BUILD_PACKAGES) $(DIST_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)

# One optimised build serves programs and tests.
.PHONY: build
build: packages
	@etc/build/build-programs

.PHONY: dist-packages dist
dist-packages:
	@etc/build/install-packages $(DIST_PACKAGES)
dist: build dist-packages
	@etc/build/dist $(OUT)

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

# As root: containers, on a Debian that it makes. STORIES="starts heals" tells these alone.
IMAGE_PACKAGES := podman buildah runc crun netavark aardvark-dns mmdebstrap uidmap git iproute2 util-linux python3 curl jq
.PHONY: test-image
test-image:
	@etc/build/install-packages $(IMAGE_PACKAGES)
	@Tests/Image/run $(STORIES)

.PHONY: format lint
format:
	swift-format format -i -r Sources Tests Package.swift
lint:
	swift-format lint --strict -r Sources Tests Package.swift

.PHONY: lint-deployment
lint-deployment:
	@etc/build/install-packages shellcheck python3-venv
	@.ci/deployment
