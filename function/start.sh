#!/bin/sh
# Starts the server as it is measured and deployed: what must be set before Node runs is set here. The image has no
# shell, and sets the same in its Dockerfile.
#   NODE_COMPILE_CACHE     V8's code for the bundle, made by the set-up: 15 ms of the cold start; portable: found by
#                          its place beside the bundle, wherever that lies
#   MALLOC_ARENA_MAX       TensorFlow's threads are few; glibc would give each an arena of its own to fill
#   max-semi-space-size    MiB for young objects: the default of 16 makes 45 MB of resident memory under load, and
#                          no more requests per second
root=$(dirname "$0")/..
export NODE_COMPILE_CACHE="$root/dist/compile-cache" NODE_COMPILE_CACHE_PORTABLE=1 MALLOC_ARENA_MAX=2
exec node --max-semi-space-size=4 "$root/dist/main.js" "$@"
