import net from 'node:net';
import tls from 'node:tls';
import { bareHost } from '../network/address.ts';
import { closedEarly } from '../network/connection-errors.ts';
import { watchRate } from '../network/least-rate.ts';
import { bodyCut, silent, slow, type Watch } from './body.ts';
import { connectionFault } from './fault.ts';
import { type Head, parseHead } from './head.ts';

/** A connection that reads a body straight into the memory it is for: no chunk is made, and none is copied. */
export interface Wire {
  /** False once nothing more can be asked over it. */
  readonly open: boolean;
  /** One GET. False when the answer is not such that it could be taken; the connection is closed then. */
  get(asked: WireGet): Promise<boolean>;
}

export interface WireGet {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Takes as many bytes as are asked for. */
  readonly into: Buffer;
  /** Judges the head of an answer: true when its body is what was asked for. What it throws ends the request. */
  accept(head: Head): boolean;
  came(bytes: number): void;
  readonly watch: Watch;
  now(): number;
  readonly signal: AbortSignal | undefined;
}

interface WireOptions {
  /** As those of the https agent: its own default unless set. */
  readonly ca?: tls.SecureContextOptions['ca'];
}

/** Larger heads are none: Node itself takes 16 KiB. */
const headBytes = 16 * 1024;
/** Read at once: so much still lies in the processor's cache when its checksum is taken. */
const readBytes = 256 * 1024;
/** TLS gives 16 KiB at a time, and to tell of each costs more than to decrypt it. */
const toldBytes = 128 * 1024;
const unusedMs = 30_000;

/** Begins to connect. */
export function openWire(url: URL, { ca }: WireOptions): Wire {
  const head = Buffer.allocUnsafe(headBytes);
  let filled = 0;
  let asked: (WireGet & Settlers) | undefined;
  let at: number | undefined;
  let keeps = true;
  // Idle before: that it fails then may be no more than that the server had closed it.
  let used = false;
  const host = bareHost(url.hostname);
  const onread = {
    buffer: () =>
      asked && at !== undefined ? asked.into.subarray(at, at + readBytes) : head.subarray(filled),
    callback: (bytes: number) => {
      take(bytes);
      return true;
    },
  };
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  const name = net.isIP(host) === 0 ? { servername: host } : {};
  const socket = secure
    ? tls.connect(secured({ host, port, onread, ...name, ...(ca && { ca }), ALPNProtocols: ['http/1.1'] }))
    : net.connect({ host, port, onread });
  const take = (bytes: number) => {
    if (!asked) return void socket.destroy();
    if (at === undefined) {
      filled += bytes;
      begin(asked);
    } else {
      at += bytes;
      asked.progress(bytes);
    }
    if (asked && at === asked.into.length) end(true);
  };
  const begin = (asking: WireGet & Settlers) => {
    try {
      const parsed = tryHead(head.subarray(0, filled));
      if (parsed === undefined) return;
      if (parsed === false) return end(false);
      const accepted = asking.accept(parsed) && parsed.bodyBytes === asking.into.length;
      const rest = head.subarray(parsed.length, filled);
      if (!accepted || rest.length > asking.into.length) return end(false);
      at = rest.copy(asking.into);
      keeps = parsed.keeps;
      if (at > 0) asking.progress(at);
    } catch (error) {
      fail(error);
    }
  };
  const end = (taken: boolean) => {
    const { resolve } = asked ?? {};
    [asked, at, filled] = [undefined, undefined, 0];
    if (!taken || !keeps) socket.destroy();
    else socket.unref().setTimeout(unusedMs);
    resolve?.(taken);
  };
  const fail = (error: unknown) => {
    const failed = asked;
    // Memory without room would be offered to TLS for the rest of its record, again and again.
    [asked, at, filled] = [undefined, undefined, 0];
    socket.destroy();
    failed?.tell();
    failed?.reject(error);
  };
  socket.setNoDelay();
  // Set while nobody uses it.
  socket.on('timeout', () => socket.destroy());
  socket.on('error', fail);
  socket.on('close', () => fail(closedEarly(bodyCut)));
  // Without this the end of what the server sends is never seen.
  socket.resume();
  return {
    get open() {
      return !socket.destroyed && socket.writable;
    },
    async get(asking) {
      const text = requestText(asking);
      const { promise, resolve, reject } = Promise.withResolvers<boolean>();
      const stop = () => fail(asking.signal?.reason);
      const time = watchOver(asking, fail);
      asked = { ...asking, resolve, reject, progress: time.progress, tell: time.tell };
      asking.signal?.addEventListener('abort', stop);
      socket.ref().setTimeout(0);
      socket.write(text);
      try {
        return await promise;
      } catch (error) {
        throw asking.signal?.aborted
          ? asking.signal.reason
          : connectionFault(error, url.host, used && !time.began);
      } finally {
        used = true;
        time.stop();
        asking.signal?.removeEventListener('abort', stop);
      }
    },
  };
}

/** Undefined while more of it has to come; false when it is nothing that can be read here: then Node's own reader decides. */
function tryHead(bytes: Buffer): Head | false | undefined {
  try {
    return parseHead(bytes) ?? (bytes.length === headBytes ? false : undefined);
  } catch {
    return false;
  }
}

/** Node passes `onread` on to the connection below; the types do not say so. */
function secured(options: tls.ConnectionOptions & Pick<net.TcpNetConnectOpts, 'onread'>) {
  return options;
}

interface Settlers {
  resolve(taken: boolean): void;
  reject(error: unknown): void;
  progress(bytes: number): void;
  /** Of what has come and was not told yet. */
  tell(): void;
}

/** Tells what came, and keeps the time: a stall or a trickle is a fault, as for any other body. */
function watchOver({ url, into, came, watch, now }: WireGet, fail: (error: unknown) => void) {
  const silence = setTimeout(() => fail(silent(url.host, watch.idleMs)), watch.idleMs);
  const rate = watchRate(watch);
  let lookedAt = now();
  let [total, told] = [0, 0];
  const tell = () => {
    const untold = total - told;
    told = total;
    if (untold > 0) came(untold);
  };
  return {
    get began() {
      return total > 0;
    },
    progress(more: number) {
      total += more;
      silence.refresh();
      if (total - told >= toldBytes || total === into.length) tell();
      const before = lookedAt;
      lookedAt = now();
      const span = rate.came(more, lookedAt - before);
      if (span) fail(slow(url.host, span));
    },
    tell,
    stop: () => clearTimeout(silence),
  };
}

function requestText({ url, headers }: WireGet): string {
  const all = { host: url.host, 'user-agent': 'llm-rollout', 'accept-encoding': 'identity', ...headers };
  const lines = Object.entries(all).map(([name, value]) => {
    if (!/^[\t\x20-\x7e]*$/.test(value)) throw new TypeError(`the header ${name} holds what none may hold`);
    return `${name}: ${value}\r\n`;
  });
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
