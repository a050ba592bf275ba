// TensorFlow's libraries are on their way before the rest, a file of its own in the bundle, is read and evaluated.
import './native/preload.ts';
import './program.ts';
