import { ConnectionError, ErrorCode } from './protocol.ts';

/** Bits of the code of each byte, and of the end of the string, as base-36 digits (RFC 7541, appendix B). */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu';

const LONGEST = 30;
const END_OF_STRING = 256;

/**
 * The code is canonical: those of one length follow each other, by symbol, and come before all longer ones. So each
 * length's first code, how many there are, and the symbols in order are the whole table.
 */
const FIRST = new Uint32Array(LONGEST + 2);
const COUNT = new Uint32Array(LONGEST + 2);
const OFFSET = new Uint32Array(LONGEST + 2);
const SYMBOLS = new Uint16Array(LENGTHS.length);
{
  const lengths = Uint8Array.from(LENGTHS, (digit) => Number.parseInt(digit, 36));
  let code = 0;
  let at = 0;
  for (let length = 1; length <= LONGEST; length++) {
    FIRST[length] = code;
    OFFSET[length] = at;
    for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
      if (lengths[symbol] === length) SYMBOLS[at++] = symbol;
    }
    COUNT[length] = at - (OFFSET[length] ?? 0);
    code = (code + (COUNT[length] ?? 0)) << 1;
  }
}

/**
 * Decodes a string literal.
 *
 * @returns each byte as one character
 * @throws ConnectionError COMPRESSION_ERROR where it holds the end of the string, or ends in what is no padding
 */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string {
  let text = '';
  let code = 0;
  let length = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      length++;
      const rank = code - (FIRST[length] ?? 0);
      if (length < 5 || rank >= (COUNT[length] ?? 0)) continue;
      const symbol = SYMBOLS[(OFFSET[length] ?? 0) + rank] ?? END_OF_STRING;
      if (symbol === END_OF_STRING) throw malformed('holds the end of the string');
      text += String.fromCharCode(symbol);
      code = 0;
      length = 0;
    }
  }
  if (length > 7 || code !== (1 << length) - 1) throw malformed('is not padded with ones, to a whole byte');
  return text;
}

function malformed(how: string): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, `a Huffman-coded string ${how}`);
}
