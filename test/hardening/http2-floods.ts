import { ErrorCode, Flag, Frame, Setting } from '../../function/http2/protocol.ts';
import { frame, Http2Peer, setting, uint32 } from '../../function/testing/http2-peer.ts';
import { expect, type HardeningTest, tally } from './case.ts';
import { flood, PREDICT, predictRequest, underAttack } from './http2-attack.ts';

const CONNECTIONS = 10;

const many = (count: number, part: (i: number) => Buffer) =>
  Buffer.concat(Array.from({ length: count }, (_, i) => part(i)));

/** Sends the first bytes and then, again and again, the others, on several connections. */
function floodTest(
  name: string,
  what: string,
  begin: (peer: Http2Peer) => { first?: Buffer; again: () => Buffer },
  { code = 'ENHANCE_YOUR_CALM', connections = CONNECTIONS } = {},
): HardeningTest {
  return {
    name: `gRPC port: ${name}`,
    run: () =>
      underAttack({}, async (port) => {
        const codes = await Promise.all(
          Array.from({ length: connections }, async () => {
            const peer = await Http2Peer.open(port);
            const { first, again } = begin(peer);
            if (first !== undefined) peer.write(first);
            return flood(peer, again);
          }),
        );
        const came = tally(codes);
        expect(came === `${code}: ${connections}`, came);
        return { sent: `${what}, without an end on ${connections} connections`, came };
      }),
  };
}

const repeated = (bytes: Buffer, count = 500) => {
  const all = many(count, () => bytes);
  return () => all;
};

/** Streams one after the other, each begun and then spoilt. */
function streams(peer: Http2Peer, spoil: (stream: number) => Buffer): () => Buffer {
  let stream = -1;
  return () =>
    many(100, () => {
      stream += 2;
      return Buffer.concat([peer.headers(stream, PREDICT), spoil(stream)]);
    });
}

/** `:method: POST` as a block, then the same field of the table as often as it fits. */
const bomb = Buffer.concat([
  Buffer.from('83', 'hex'),
  Buffer.concat([Buffer.from('4001617f8118', 'hex'), Buffer.alloc(3200, 'a')]), // a: 3200 times "a", remembered
  Buffer.alloc(12_000, 0xbe),
]);

export const floodTests: HardeningTest[] = [
  floodTest('rapid reset (CVE-2023-44487)', 'calls, each reset at once', (peer) => ({
    again: streams(peer, (id) => frame(Frame.RST_STREAM, 0, id, uint32(ErrorCode.CANCEL))),
  })),
  floodTest(
    'made to reset (CVE-2025-8671)',
    'calls, each with a frame that makes the server reset it',
    (peer) => ({
      again: streams(peer, (id) => frame(Frame.WINDOW_UPDATE, 0, id, uint32(0))),
    }),
  ),
  floodTest('streams beyond the limit', 'calls that do not end', (peer) => ({
    again: streams(peer, () => Buffer.alloc(0)),
  })),
  floodTest('CONTINUATION flood (CVE-2024-27316)', 'a header block in frames of 3 bytes', (peer) => ({
    first: frame(Frame.HEADERS, 0, 1, peer.headers(1, PREDICT).subarray(9)),
    again: repeated(frame(Frame.CONTINUATION, 0, 1, Buffer.from('010161', 'hex'))),
  })),
  floodTest('endless header block', 'a header block in frames of 16 KiB', (peer) => ({
    first: frame(Frame.HEADERS, 0, 1, peer.headers(1, PREDICT).subarray(9)),
    again: repeated(frame(Frame.CONTINUATION, 0, 1, Buffer.alloc(16_384, 0x82)), 4),
  })),
  floodTest('HPACK bombs (CVE-2016-6581)', 'calls whose 15 KiB of headers are 38 MiB', () => {
    let stream = -1;
    return {
      again: () => {
        stream += 2;
        const flags = Flag.END_HEADERS | Flag.END_STREAM;
        return frame(Frame.HEADERS, flags, stream, bomb);
      },
    };
  }),
  floodTest('PING flood (CVE-2019-9512)', 'PING frames', () => ({
    again: repeated(frame(Frame.PING, 0, 0, Buffer.alloc(8))),
  })),
  floodTest('SETTINGS flood (CVE-2019-9515)', 'SETTINGS frames', () => ({
    again: repeated(frame(Frame.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 65_535))),
  })),
  floodTest('PRIORITY flood (CVE-2019-9513)', 'PRIORITY frames', () => ({
    again: repeated(frame(Frame.PRIORITY, 0, 1, Buffer.alloc(5))),
  })),
  floodTest('empty DATA (CVE-2019-9518)', 'DATA frames of no bytes', (peer) => ({
    first: peer.headers(1, PREDICT),
    again: repeated(frame(Frame.DATA, 0, 1)),
  })),
  floodTest('WINDOW_UPDATE flood', 'WINDOW_UPDATE frames by 1 byte', () => ({
    again: repeated(frame(Frame.WINDOW_UPDATE, 0, 0, uint32(1))),
  })),
  floodTest(
    'large WINDOW_UPDATE flood',
    'WINDOW_UPDATE frames by 1 KiB',
    () => ({ again: repeated(frame(Frame.WINDOW_UPDATE, 0, 0, uint32(1024)), 5000) }),
    { code: 'FLOW_CONTROL_ERROR', connections: 1 },
  ),
  floodTest(
    'data dribble (CVE-2019-9511)',
    'a call of 1,000 rows, and room for 1 byte of its answer',
    (peer) => ({
      first: Buffer.concat([
        frame(Frame.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 0)),
        peer.call(1, predictRequest(1000), PREDICT),
      ]),
      again: repeated(frame(Frame.WINDOW_UPDATE, 0, 1, uint32(1))),
    }),
  ),
  floodTest('unknown frames', 'frames of an unknown type', () => ({ again: repeated(frame(0x42, 0, 0)) })),
];
