/** What the page shows: one signature of one version. An empty version is the one that answers by itself. */
export interface Selection {
  readonly model: string;
  readonly version: string;
  readonly signature: string;
}

/** Reads an address of the page's own: `#model/version/signature`, the last two of which may be left out. */
export function selectionOf(hash: string): Selection {
  const [model = '', version = '', signature = ''] = hash
    .replace(/^#/, '')
    .split('/')
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  return { model, version: version === 'latest' ? '' : version, signature };
}

/** The other way round. */
export function hashOf({ model, version, signature }: Selection): string {
  const parts = [model, version || 'latest', signature].map(encodeURIComponent);
  return `#${parts.join('/').replace(/\/+$/, '')}`;
}

/** Fills in what stands for many values: `"<2×3 of 0>"` becomes `[[0,0,0],[0,0,0]]`. @throws Error where it is too large */
export function filled(body: string): string {
  return body.replace(/"<(\d+(?:×\d+)*) of ([\w.-]*)>"/g, (_, shape: string, word: string) => {
    const sizes = shape.split('×').map(Number);
    const count = sizes.reduce((product, size) => product * size, 1);
    if (count > 2_000_000) throw new Error(`${shape} are ${count} values: too many to be sent from here`);
    const isPlain = /^(?:true|false|-?\d[\w.]*)$/.test(word);
    const value = isPlain ? word : JSON.stringify(word);
    return sizes.reduceRight((inner, size) => `[${new Array(size).fill(inner).join(',')}]`, value);
  });
}

/**
 * JSON with a line for each member, but lists of plain values in one, and each number as it was written: parsing would
 * take digits from large ones.
 */
export function laidOut(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g) ?? [];
  /** Whether the list that opens here has nothing but plain values in it. */
  const isFlat = (from: number): boolean => {
    for (let i = from + 1; i < tokens.length; i++) {
      if (tokens[i] === ']') return true;
      if (/^[[{}]$/.test(tokens[i] ?? '')) return false;
    }
    return false;
  };
  const flat: boolean[] = [];
  let text = '';
  const line = () => (flat.at(-1) ? ' ' : `\n${'  '.repeat(flat.length)}`);
  tokens.forEach((token, i) => {
    if (token === '[' || token === '{') {
      const isShort = /^[\]}]$/.test(tokens[i + 1] ?? '') || (token === '[' && isFlat(i));
      flat.push(isShort);
      text += token + (isShort ? '' : line());
    } else if (token === ']' || token === '}') {
      const wasFlat = flat.pop();
      text += wasFlat ? token : line() + token;
    } else if (token === ',') text += `,${line()}`;
    else text += token === ':' ? ': ' : token;
  });
  return text;
}

/** `3 h 12 min`: the two largest units. */
export function durationOf(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return units
    .slice(first, first + 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** `1.2 MB` */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
