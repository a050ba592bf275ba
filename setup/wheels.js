// The Python wheels that hold TensorFlow's libraries and C headers. Which Python they are for does not matter here.
// To move to another version: change it, run `pip download` with the arguments of wheel.js, put sha256sum's answer, and
// then what set-up says that the rewritten libraries became.

/**
 * @typedef {object} Wheel
 * @property {string} name the package on PyPI
 * @property {string} version
 * @property {string} platform
 * @property {string} python
 * @property {string} file
 * @property {string} sha256
 * @property {Record<string, string>} relinked SHA-256 of the libraries as relink/ rewrites them
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
    relinked: {
      'libtensorflow_cc.so.2': 'c08194071342448ad34d8777651e1208fa7a35980e0edafcac7a34b7a6d67806',
      'libtensorflow_framework.so.2': '97f31dbc723503cf93767e6254b02debb6a3af78ac52fb03284a69e29540f830',
    },
  },
  arm64: {
    name: 'tensorflow', // there is no tensorflow-cpu for arm64; this one has no GPU code either
    version,
    python,
    platform: 'manylinux_2_27_aarch64',
    file: `tensorflow-${version}-cp312-cp312-manylinux_2_27_aarch64.whl`,
    sha256: 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
    relinked: {
      'libtensorflow_cc.so.2': '2f0569c7d48156080c80b8f05c5a8a546028361c45ca702796be37591607762a',
      'libtensorflow_framework.so.2': '6549a056bc2105afeb96710b38c8bb7feef7be6d1393f2696a641e28bf811272',
    },
  },
};
