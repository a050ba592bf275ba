import { startConverter } from './browser/converter.ts';
import { byId, element, refill } from './browser/dom.ts';
import { answering, showModels, showVersions } from './browser/models.ts';
import { poll } from './browser/poll.ts';
import { startRequest } from './browser/request.ts';
import { showSignatures, signatureOf } from './browser/signatures.ts';
import { startPage } from './browser/start.ts';
import { bytesText, durationOf, filled, hashOf, laidOut, selectionOf } from './browser/text.ts';

/** All functions that the page's script is made of: each as it stands in its source, its types left out. */
const FUNCTIONS: readonly ((...args: never[]) => unknown)[] = [
  ...[byId, element, refill],
  ...[bytesText, durationOf, filled, hashOf, laidOut, selectionOf],
  ...[answering, showModels, showVersions],
  ...[showSignatures, signatureOf],
  ...[startConverter, startRequest, poll, startPage],
];

/**
 * What the page does in a browser that runs scripts. It stands in the page as it is here, so its hash is the page's
 * policy; and it is nothing but functions, so that it is checked like all else and needs no build of its own.
 */
export const PAGE_SCRIPT = `'use strict';\n${FUNCTIONS.join('\n')}\n${startPage.name}();\n`;
