// Memory that the process holds and does not need: code that only a start runs, and what was freed.
#pragma once

namespace celsiusify {

// Gives back the pages of Node's and TensorFlow's code and constants that loading touched, some 200 MB. What is needed again
// comes from the page cache, so that this is for after the warm-up. Some 3 ms.
void ReleasePages();

// Gives back what the allocator keeps of freed memory: 0.2 ms on a small heap that has nothing to give, 0.1 s and more on
// one of gigabytes.
void TrimHeap();

// Gives back what TensorFlow keeps of freed tensors. Its allocator for oneDNN never does so itself: each model that was unloaded
// would leave a hole, which only another model fills. So all large pieces that are free are asked for, until those that come have no
// memory of the system yet, and their pages are given back. The allocator sees tensors that come and go.
void TrimTensors();

}  // namespace celsiusify
