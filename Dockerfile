# syntax=docker/dockerfile:1
# The function as an image, with the celsius model:           docker build -t celsius .
# The same without a model, for those of /models:             docker build --target celsiusify -t celsiusify .
# An image of it with a model of yours, its variables frozen to constants (docs/operators.md says what that gives):
#   FROM celsiusify AS freezer
#   COPY my_model/ /models/my_model/
#   USER 0
#   RUN ["node", "/app/freeze.mjs", "/models/my_model", "--to", "/frozen"]
#   FROM celsiusify
#   COPY --from=freezer /frozen /models/my_model
# For a build that can be repeated pin the base by digest too: --build-arg NODE_IMAGE=node:26-bookworm-slim@sha256:…
# glibc 2.36 or later is needed (bookworm has it): TensorFlow's libraries are rewritten to use packed relocations.
ARG NODE_IMAGE=node:26-bookworm-slim

# builder: the same set-up as on anyone's machine. It runs on the target's own architecture, since it compiles for it.
FROM ${NODE_IMAGE} AS builder
WORKDIR /src
# pip fetches TensorFlow's wheel, g++ compiles the binding, binutils strip
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get update && apt-get install -y --no-install-recommends g++ binutils python3-pip
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/var/cache/npm npm ci --cache /var/cache/npm
COPY setup/ setup/
COPY function/ function/
COPY model/ model/
# One cache for each architecture, since two may be built side by side. Its record of V8's code speaks of a dist/ that is
# not there any more in a new layer. SYSTEM_NODE: it is kept for one version of Node, and this image's own is to run.
ARG TARGETARCH
RUN --mount=type=cache,target=/src/.cache,id=celsius-${TARGETARCH},sharing=locked \
    --mount=type=cache,target=/var/cache/pip \
    rm -f .cache/kept-code.json && PIP_CACHE_DIR=/var/cache/pip SYSTEM_NODE=1 node setup/setup.js
# the programs that the image brings besides the server, each one file without packages
COPY image/ image/
RUN node_modules/.bin/esbuild check=image/check.ts health-check=image/health-check.ts freeze=model/freeze.ts --bundle --minify-syntax --platform=node --format=esm \
    --target=node24 --outdir=dist/image --out-extension:.js=.mjs

# root: the file system of the last stage, without shell and package manager. Which libraries are needed, ldd says.
FROM builder AS root
COPY LICENSE NOTICE* /src/
RUN <<'SH'
set -eu
node=$(readlink -f "$(command -v node)")
libraries=$(ldd "$node" dist/native/*.node dist/native/*.so* | awk '
  /not found/ { print "missing: " $0 >"/dev/stderr"; bad = 1 }
  { for (i = 1; i <= NF; i++) if ($i ~ /^\// && $i !~ /:$/) print $i }
  END { exit bad }')
mkdir -p /root-fs/models /root-fs/usr/local/bin /root-fs/etc /root-fs/app /root-fs/usr/share/doc /root-fs/var/lib/dpkg/status.d
strip -o /root-fs/usr/local/bin/node "$node"
for library in $(printf '%s\n' "$libraries" | grep -v '^/src/' | sort -u); do
  cp -L --parents "$library" /root-fs
  # which package it is of: for the licence, and for scanners of vulnerabilities
  package=$(dpkg-query -S "*/$(basename "$library")" | head -n 1 | cut -d : -f 1)
  mkdir -p "/root-fs/usr/share/doc/$package"
  cp -L "/usr/share/doc/$package/copyright" "/root-fs/usr/share/doc/$package/"
  dpkg-query -s "$package" >"/root-fs/var/lib/dpkg/status.d/$package"
done
cp /etc/os-release /root-fs/etc/
echo 'nonroot:x:65532:65532:nonroot:/app:/sbin/nologin' >/root-fs/etc/passwd
echo 'nonroot:x:65532:' >/root-fs/etc/group
for file in LICENSE NOTICE; do if [ -f "$file" ]; then cp "$file" /root-fs/app/; fi; done
if [ -f /usr/local/LICENSE ]; then install -D -m 644 /usr/local/LICENSE /root-fs/usr/share/doc/node/LICENSE; fi
chmod -R u=rwX,go=rX /root-fs
SH

# celsiusify: the server alone. It serves each sub-folder of /models by its name.
FROM scratch AS celsiusify
COPY --from=root /root-fs/ /
COPY --from=builder /src/dist/native/ /app/dist/native/
COPY --from=builder /src/dist/*.js* /src/dist/program.code /src/dist/LICENSES.txt /app/dist/
COPY --from=builder /src/dist/image/ /app/
# as in function/start.sh, which says why
ENV PATH=/usr/local/bin NODE_ENV=production PORT=8080 MALLOC_ARENA_MAX=2
WORKDIR /app
USER 65532:65532
EXPOSE 8080 8500
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["node", "/app/health-check.mjs"]
# exec form: the server is process 1 and gets SIGTERM itself
ENTRYPOINT ["node", "--max-semi-space-size=2", "--no-parallel-scavenge", "/app/dist/main.js"]
# last, so that a new commit changes no layer
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="celsiusify" \
      org.opencontainers.image.description="A small model server: TensorFlow SavedModels over HTTP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

# celsius: one layer more, the model.
FROM celsiusify AS celsius
COPY --from=builder /src/model/celsius/ /app/model/celsius/
LABEL org.opencontainers.image.title="celsius"
