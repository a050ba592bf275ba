// Which threads a signal of another process may interrupt.
#pragma once

namespace celsiusify {

// No handler runs on this thread from now on, but for faults of its own. oneDNN's and Eigen's kernels may keep data below
// the stack pointer, or have it elsewhere: what a handler writes there spoils a run, or the heap.
void BlockSignals();

// A thread that does nothing but be interrupted, so that signals arrive though all others block them; once a process.
void StartSignalThread();

}  // namespace celsiusify
