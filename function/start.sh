#!/bin/sh
# Starts the server as it is measured and deployed: what must be set before Node runs is set here. The image has no
# shell, and sets the same in its Dockerfile.
#   MALLOC_ARENA_MAX       TensorFlow's threads are few; glibc would give each an arena of its own to fill
#   max-semi-space-size    MiB for young objects: an answer's objects die young, so that a collection of 2 MiB finds next
#                          to nothing alive; the default of 16 makes it some 20 MB more of memory under load, and no faster
root=$(dirname "$0")/..
export MALLOC_ARENA_MAX=2
#   no-parallel-scavenge   threads of V8's for so little take longer to be woken than they save, and the event loop waits
#                          for them while runs have the CPUs: it is 5 % of a small request's CPU time
exec node --max-semi-space-size=2 --no-parallel-scavenge "$root/dist/main.js" "$@"
