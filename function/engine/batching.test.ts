import t from 'tap';
import { paddingTo } from './batching.ts';

t.test('rows are filled up to a size that the model wants', async (t) => {
  for (const { sizes, rows, padded } of [
    { sizes: [], rows: 3, padded: 3 },
    { sizes: [2, 4, 8], rows: 1, padded: 2 },
    { sizes: [2, 4, 8], rows: 4, padded: 4 },
    { sizes: [2, 4, 8], rows: 5, padded: 8 },
    { sizes: [2, 4, 8], rows: 9, padded: 9 },
  ])
    t.equal(paddingTo(sizes)(rows), padded, `${rows} rows, of ${JSON.stringify(sizes)}`);
});
