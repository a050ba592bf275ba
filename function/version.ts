/** package.json's version, put in by the bundle; `dev` where the sources run as they are. */
export const version = process.env.CELSIUSIFY_VERSION ?? 'dev';
