import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Flag, Frame, Setting } from '../../function/http2/protocol.ts';
import { makeCertificates } from '../../function/testing/certificates.ts';
import { frame, Http2Peer, message, setting, uint32 } from '../../function/testing/http2-peer.ts';
import { exchange, freePort } from '../../function/testing/socket.ts';
import { expect, type HardeningTest, tally, withServer } from './case.ts';
import { nameOf, PREDICT, predictRequest, underAttack } from './http2-attack.ts';

const limited = { HEADERS_TIMEOUT_MS: '2000', REQUEST_TIMEOUT_MS: '2000' };
const GZIP = [...PREDICT, 'grpc-encoding', 'gzip'];

const open = (port: number, count: number, settings?: Buffer | 'nothing') =>
  Promise.all(Array.from({ length: count }, () => Http2Peer.open(port, settings)));

/** Writes a byte of each connection's bytes now and then, until all have ended. @returns the codes of their GOAWAYs */
async function drip(peers: readonly Http2Peer[], bytes: (peer: Http2Peer) => Buffer): Promise<string[]> {
  const all = peers.map((peer) => ({ peer, rest: bytes(peer) }));
  const dripping = setInterval(() => {
    for (const each of all) {
      each.peer.write(each.rest.subarray(0, 1));
      each.rest = each.rest.subarray(1);
    }
  }, 100);
  const codes = await Promise.all(peers.map((peer) => peer.goneAway().catch(() => undefined)));
  clearInterval(dripping);
  return codes.map((code) => (code === undefined ? 'closed' : nameOf(code)));
}

/** A gRPC message in pieces that fit into frames, all but the last `missing` bytes of it. */
function pieces(stream: number, bytes: Buffer, missing = 0): Buffer {
  const whole = bytes.subarray(0, bytes.length - missing);
  const frames: Buffer[] = [];
  for (let at = 0; at < whole.length; at += 16_384) {
    const last = missing === 0 && at + 16_384 >= whole.length;
    frames.push(frame(Frame.DATA, last ? Flag.END_STREAM : 0, stream, whole.subarray(at, at + 16_384)));
  }
  return Buffer.concat(frames);
}

const STATUS = ['OK', '', '', 'INVALID_ARGUMENT', '', '', '', '', 'RESOURCE_EXHAUSTED'];
const statusOf = ({ fields }: { fields: Record<string, string> }) =>
  fields.reset === undefined
    ? (STATUS[Number(fields['grpc-status'])] ?? `status ${fields['grpc-status']}`)
    : `reset: ${nameOf(Number(fields.reset))}`;

export const peerTests: HardeningTest[] = [
  {
    name: 'gRPC port: slow prefaces and frames',
    run: () =>
      underAttack(limited, async (port) => {
        const prefaces = await drip(await open(port, 200, 'nothing'), () =>
          Buffer.from('PRI * HTTP/2.0\r\n'.repeat(9)),
        );
        const frames = await drip(await open(port, 200), (peer) => peer.headers(1, PREDICT));
        const came = tally([...prefaces, ...frames]);
        expect(/^(closed: \d+, )?PROTOCOL_ERROR: \d+$/.test(came), came);
        return { sent: '400 connections, a byte of a preface or of a frame each 100 ms, limit 2 s', came };
      }),
  },
  {
    name: 'gRPC port: slow bodies',
    run: () =>
      underAttack(limited, async (port) => {
        const peers = await open(port, 200);
        for (const peer of peers)
          peer.write(peer.headers(1, PREDICT), frame(Frame.DATA, 0, 1, Buffer.from([0, 0, 1, 0, 0])));
        const dripping = setInterval(() => {
          for (const peer of peers) peer.write(frame(Frame.DATA, 0, 1, Buffer.alloc(1)));
        }, 100);
        const came = tally(await Promise.all(peers.map(async (peer) => statusOf(await peer.answer(1)))));
        clearInterval(dripping);
        for (const peer of peers) peer.socket.destroy();
        expect(came === 'reset: CANCEL: 200', came);
        return { sent: '200 connections, a frame of one byte each 100 ms, limit 2 s', came };
      }),
  },
  {
    name: 'gRPC port: answers that are not taken',
    run: () =>
      underAttack({ REQUEST_TIMEOUT_MS: '2000', MAX_QUEUE_ROWS: '10000000' }, async (port) => {
        const request = message(predictRequest(50_000));
        const peers = await open(port, 5, setting(Setting.INITIAL_WINDOW_SIZE, 0));
        for (const peer of peers)
          for (let id = 1; id < 40; id += 2) peer.write(peer.headers(id, PREDICT), pieces(id, request));
        const codes = await Promise.all(
          peers.map(async (peer) => {
            const ended = [];
            for (let i = 0; i < 20; i++)
              ended.push((await peer.until(Frame.RST_STREAM)).payload.readUInt32BE(0));
            peer.socket.destroy();
            return ended.map((code) => `reset: ${nameOf(code)}`);
          }),
        );
        const came = tally(codes.flat());
        expect(came === 'reset: CANCEL: 100', came);
        return { sent: '5 × 20 calls of 200 kB, no window for their answers, limit 2 s', came };
      }),
  },
  {
    name: 'gRPC port: sockets that are not read',
    run: () =>
      underAttack({ REQUEST_TIMEOUT_MS: '2000', MAX_QUEUE_ROWS: '10000000' }, async (port) => {
        const request = message(predictRequest(200_000));
        const wide = setting(Setting.INITIAL_WINDOW_SIZE, 2 ** 31 - 1);
        const peers = await open(port, 4, wide);
        for (const peer of peers) {
          peer.socket.pause();
          peer.write(frame(Frame.WINDOW_UPDATE, 0, 0, uint32(2 ** 30)));
          for (let id = 1; id < 40; id += 2) peer.write(peer.headers(id, PREDICT), pieces(id, request));
        }
        await sleep(6000);
        for (const peer of peers) peer.socket.resume();
        await Promise.all(peers.map((peer) => peer.closed));
        return { sent: '4 connections × 20 calls of 800 kB, no answer read, limit 2 s', came: 'all 4 cut' };
      }),
  },
  {
    name: 'gRPC port: gzip bombs',
    run: () => {
      const bomb = message(gzipSync(Buffer.alloc(1 << 28)), 1);
      return underAttack({}, async (port) => {
        const peers = await open(port, 32);
        for (const peer of peers) peer.write(peer.headers(1, GZIP), pieces(1, bomb));
        const came = tally(await Promise.all(peers.map(async (peer) => statusOf(await peer.answer(1)))));
        for (const peer of peers) peer.socket.destroy();
        expect(came === 'RESOURCE_EXHAUSTED: 32', came);
        return { sent: `32 at once, each 256 MiB in ${bomb.length >> 10} KiB`, came };
      });
    },
  },
  {
    name: 'gRPC port: huge messages',
    run: () =>
      underAttack({}, async (port) => {
        const codes = [];
        for (const size of [(1 << 23) + 1, 2 ** 31, 2 ** 32 - 1]) {
          const head = Buffer.concat([Buffer.of(0), uint32(size), Buffer.alloc(1000)]);
          const peers = await open(port, 20);
          for (const peer of peers) peer.write(peer.headers(1, PREDICT), frame(Frame.DATA, 0, 1, head));
          codes.push(...(await Promise.all(peers.map(async (peer) => statusOf(await peer.answer(1))))));
          for (const peer of peers) peer.socket.destroy();
        }
        const came = tally(codes);
        expect(came === 'RESOURCE_EXHAUSTED: 60', came);
        return { sent: '60 messages that say they have 8 MiB and a byte, 2 GiB, 4 GiB', came };
      }),
  },
  {
    name: 'gRPC port: messages that fill the room for all',
    run: () =>
      underAttack({ REQUEST_TIMEOUT_MS: '5000', BODIES_LIMIT_BYTES: String(64 << 20) }, async (port) => {
        const request = message(Buffer.alloc(1 << 20));
        const peers = await open(port, 10);
        const codes = peers.map(async (peer) => {
          const ended: string[] = [];
          for (let id = 1; id < 40; id += 2) peer.write(peer.headers(id, PREDICT), pieces(id, request, 1));
          while (ended.length < 20) {
            const got = await peer.next();
            if (got === undefined) break;
            if (got.type === Frame.HEADERS) ended.push(statusOf({ fields: peer.fields(got) }));
            // After an answer that came before the request's end there is a reset, too.
            else if (got.type === Frame.RST_STREAM && got.payload.readUInt32BE(0) !== 0)
              ended.push(`reset: ${nameOf(got.payload.readUInt32BE(0))}`);
          }
          peer.socket.destroy();
          return ended;
        });
        const came = tally((await Promise.all(codes)).flat());
        expect(/^RESOURCE_EXHAUSTED: \d+, reset: CANCEL: \d+$/.test(came), came);
        return { sent: '10 × 20 streams, 1 MiB but for the last byte on each, 64 MiB allowed', came };
      }),
  },
  {
    name: 'gRPC port: idle connections',
    run: () =>
      underAttack({ KEEP_ALIVE_TIMEOUT_MS: '10000' }, async (port) => {
        const peers: Http2Peer[] = [];
        while (peers.length < 3000) peers.push(...(await open(port, 250)));
        const codes = await Promise.all(peers.map((peer) => peer.goneAway().catch(() => undefined)));
        const came = tally(codes.map((code) => (code === undefined ? 'closed' : nameOf(code))));
        expect(came === 'NO_ERROR: 3000', came);
        return { sent: '3,000 connections that call nothing, limit 10 s', came };
      }),
  },
  {
    name: 'TLS handshakes that do not end',
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'celsiusify-'));
      makeCertificates(folder, ['server']);
      const GRPC_PORT = await freePort();
      const env = {
        ...{ GRPC_PORT, TLS_CERT_FILE: join(folder, 'server'), TLS_KEY_FILE: join(folder, 'server.key') },
        ...{ TLS_PORTS: 'grpc', ...limited },
      };
      const hello = Buffer.from([22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3]);
      try {
        return await withServer({ env }, async (url) => {
          const sockets = Array.from({ length: 1000 }, () => connect(Number(GRPC_PORT), '127.0.0.1'));
          const began = performance.now();
          const closed = sockets.map(
            (socket) => new Promise((resolve) => socket.on('error', () => {}).on('close', resolve)),
          );
          for (const [i, socket] of sockets.entries()) if (i % 2 === 0) socket.write(hello);
          const health = await exchange(url, 'GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n');
          expect(health?.status === 200, 'another was not answered');
          await Promise.all(closed);
          const seconds = ((performance.now() - began) / 1000).toFixed(0);
          return {
            sent: '1,000 connections, half of them with the beginning of a ClientHello, limit 2 s',
            came: `all closed within ${seconds} s; others answered meanwhile`,
          };
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];
