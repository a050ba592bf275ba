/** For the log, once the start is through. */
export const readyWords = (isReady: boolean): string =>
  isReady ? 'ready' : 'answering, but not ready: a model is missing';
