import { Refusal, readSigned, readWord } from './elf.js';

/** @typedef {import('./elf.js').Machine} Machine */
/** @typedef {import('./symbols.js').Symbols} Symbols */

const RELA = 24; // bytes of an Elf64_Rela

/** A table of relocations, Elf64_Rela[]. */
export class Relocations {
  #bytes;

  /** @param {DataView} bytes */
  constructor(bytes) {
    if (bytes.byteLength % RELA !== 0) throw new Refusal('the table of relocations has an odd size');
    this.#bytes = bytes;
  }

  get count() {
    return this.#bytes.byteLength / RELA;
  }

  /** @param {number} index */
  address(index) {
    return readWord(this.#bytes, index * RELA);
  }

  /** @param {number} index */
  type(index) {
    return this.#bytes.getUint32(index * RELA + 8, true);
  }

  /** @param {number} index */
  symbol(index) {
    return this.#bytes.getUint32(index * RELA + 12, true);
  }

  /** @param {number} index */
  addend(index) {
    return readSigned(this.#bytes, index * RELA + 16);
  }

  /**
   * @param {number[]} indices
   * @returns {Uint8Array} a table of these
   */
  select(indices) {
    const all = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    const chosen = new Uint8Array(indices.length * RELA);
    indices.forEach((index, i) => {
      chosen.set(all.subarray(index * RELA, (index + 1) * RELA), i * RELA);
    });
    return chosen;
  }
}

/** Words that are the library's base plus a number. */
export class RelativeWords {
  /** @type {number[]} */
  addresses = [];
  /** @type {number[]} */
  values = [];
}

/**
 * Tells relocations that need no look-up any more from the rest.
 *
 * @param {Relocations} table
 * @param {Machine} machine
 * @param {Symbols} symbols
 * @param {(symbol: number) => boolean} isOwn whether the loader's look-up of it could only find this library's own
 * @param {(address: number) => boolean} isInFile whether the word can be written ahead of time
 * @param {RelativeWords} relative is added to
 * @returns {number[]} indices of those that stay as they are, in the order that the loader is quickest with
 */
export function bindAhead(table, machine, symbols, isOwn, isInFile, relative) {
  const rest = [];
  for (let i = 0; i < table.count; i++) {
    const type = table.type(i);
    const address = table.address(i);
    const fits = address % 8 === 0 && isInFile(address);
    if (type === machine.relative) {
      if (!fits) throw new Refusal(`a relative relocation at ${address.toString(16)} cannot be packed`);
      relative.addresses.push(address);
      relative.values.push(table.addend(i));
    } else if (machine.symbolic.includes(type)) {
      const symbol = table.symbol(i);
      if (!fits || !isOwn(symbol)) {
        rest.push(i);
        continue;
      }
      relative.addresses.push(address);
      // Jump slots have no addend; the other two do.
      relative.values.push(symbols.value(symbol) + table.addend(i));
    } else if (type === machine.indirect || machine.threadLocal.includes(type)) {
      rest.push(i);
    } else {
      throw new Refusal(`it has relocations of an unknown type (${type})`);
    }
  }
  // The loader remembers the last symbol that it looked up. What is chosen by running code has to come last.
  const last = (/** @type {number} */ i) => (table.type(i) === machine.indirect ? 1 : 0);
  return rest.sort((a, b) => last(a) - last(b) || table.symbol(a) - table.symbol(b) || a - b);
}

/**
 * Both lists in ascending order of address.
 * @param {RelativeWords} words
 */
export function sortWords({ addresses, values }) {
  const order = addresses.map((_, i) => i).sort((a, b) => (addresses[a] ?? 0) - (addresses[b] ?? 0));
  const sorted = new RelativeWords();
  sorted.addresses = order.map((i) => addresses[i] ?? 0);
  sorted.values = order.map((i) => values[i] ?? 0);
  return sorted;
}
