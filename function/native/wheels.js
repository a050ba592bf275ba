// The Python wheels that hold TensorFlow's libraries and C headers. Which Python they are for does not matter here.
// To move to another version: change it, run `pip download` with the arguments of wheel.js, and put sha256sum's answer.

/**
 * @typedef {object} Wheel
 * @property {string} name the package on PyPI
 * @property {string} version
 * @property {string} platform
 * @property {string} python
 * @property {string} file
 * @property {string} sha256
 */

const version = '2.21.0';
const python = '3.12';

/** @type {Record<string, Wheel>} by process.arch */
export const wheels = {
  x64: {
    name: 'tensorflow-cpu',
    version,
    python,
    platform: 'manylinux_2_27_x86_64',
    file: `tensorflow_cpu-${version}-cp312-cp312-manylinux_2_27_x86_64.whl`,
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
  },
  arm64: {
    name: 'tensorflow', // there is no tensorflow-cpu for arm64; this one has no GPU code either
    version,
    python,
    platform: 'manylinux_2_27_aarch64',
    file: `tensorflow-${version}-cp312-cp312-manylinux_2_27_aarch64.whl`,
    sha256: 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
  },
};
