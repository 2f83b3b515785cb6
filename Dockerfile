# docker build -t coxswain:cpu .                  the embedded engine on the CPU; on Debian 12
# docker build --target gpu -t coxswain:gpu .     PaddleOCR-VL on PaddlePaddle's vLLM image
#
# docs/how-to/docker.md, docs/how-to/gpu.md. Podman and buildah: with --format docker, or the health check is lost.

# Any Swift, 6.2 or later, on a Debian or Ubuntu whose glibc is not newer than that of the bases below.
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG CPU_BASE=debian:bookworm-slim
# Others, such as those with the weights inside: docs/how-to/gpu.md.
ARG GPU_BASE=ccr-2vdh3abv-pub.cnc.bj.baidubce.com/paddlepaddle/paddlex-genai-vllm-server:latest
# The stage, or an image, that has the programs' tree in /dist, as `make dist` makes it.
ARG TREE=build

# --- The programs ----------------------------------------------------------------------------------------------------

# hadolint ignore=DL3006
FROM ${SWIFT_IMAGE} AS build
WORKDIR /src
# Before the sources, so that a change of theirs installs nothing anew.
COPY Makefile ./
COPY etc/build/install-packages etc/build/
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make \
    && make packages dist-packages \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make build
# As etc/build/version makes it: there is no .git here.
ARG VERSION=""
RUN etc/build/dist /dist

# hadolint ignore=DL3006
FROM ${TREE} AS tree

# --- On a GPU --------------------------------------------------------------------------------------------------------

# hadolint ignore=DL3006
FROM ${GPU_BASE} AS gpu
# Some of the bases have a user of their own. Whoever starts the container may choose another.
# hadolint ignore=DL3002
USER 0
# One home for every user, where those who ran the replaced container have their volumes; and a name, which Python asks for
# though a user may have no entry in /etc/passwd. PATH stays the base's: paddlex_genai_server is found by it.
ENV HOME=/home/paddleocr USER=coxswain NVIDIA_DRIVER_CAPABILITIES=compute,utility
# Not mounted: buildah would not see that they changed.
COPY etc/image/prepare /tmp/
RUN /tmp/prepare gpu && rm /tmp/prepare
COPY --from=tree /dist/ /usr/local/
# Models whose weights are baked in, joined by commas, and where from; the token is a secret, and stays in no layer.
ARG PRELOAD=""
ARG COXSWAIN_MODEL_SOURCES=""
ARG HF_ENDPOINT=""
COPY etc/image/finish /tmp/
RUN --mount=type=secret,id=HF_TOKEN /tmp/finish gpu && rm /tmp/finish
# The model that is served, for a base or a PRELOAD of another than the profile's. Empty is not set.
ARG MODEL=""
ENV COXSWAIN_ENGINE_MODEL=${MODEL}
WORKDIR /workspace
EXPOSE 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/coxswain", "run"]
# The base's would become our arguments.
CMD []
# During the start period no failure counts: it is longer than start-within (9 minutes) and the healing of one start that hung.
HEALTHCHECK --interval=5s --timeout=3s --start-period=620s --retries=3 CMD ["/usr/local/bin/coxswain", "probe", "ready"]
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="coxswain" \
    org.opencontainers.image.description="Reads documents: PaddleOCR-VL on vLLM, supervised" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-only"

# --- On the CPU, the default ------------------------------------------------------------------------------------------

# hadolint ignore=DL3006
FROM ${CPU_BASE} AS cpu
ENV COXSWAIN_ENGINE=tesseract
COPY etc/image/prepare /tmp/
RUN /tmp/prepare cpu && rm /tmp/prepare
COPY --from=tree /dist/ /usr/local/
COPY etc/image/finish /tmp/
RUN /tmp/finish cpu && rm /tmp/finish
WORKDIR /workspace
EXPOSE 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/coxswain", "run"]
CMD []
HEALTHCHECK --interval=5s --timeout=3s --start-period=620s --retries=3 CMD ["/usr/local/bin/coxswain", "probe", "ready"]
ARG VERSION=""
ARG REVISION=""
ARG SOURCE=""
LABEL org.opencontainers.image.title="coxswain" \
    org.opencontainers.image.description="Reads documents: Tesseract on the CPU, supervised" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-only"
