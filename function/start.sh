#!/bin/sh
# Starts the server as it is measured and deployed: what must be set before Node runs is set here. The image has no
# shell, and sets the same in its Dockerfile.
#   NODE_COMPILE_CACHE     V8's code for the bundle, made by the set-up: 15 ms of the cold start; portable: found by
#                          its place beside the bundle, wherever that lies
#   MALLOC_ARENA_MAX       TensorFlow's threads are few; glibc would give each an arena of its own to fill
#   max-semi-space-size    MiB for young objects: an answer's objects die young, so that a collection of 2 MiB finds next
#                          to nothing alive; the default of 16 makes it some 20 MB more of memory under load, and no faster
root=$(dirname "$0")/..
export NODE_COMPILE_CACHE="$root/dist/compile-cache" NODE_COMPILE_CACHE_PORTABLE=1 MALLOC_ARENA_MAX=2
exec node --max-semi-space-size=2 "$root/dist/main.js" "$@"
