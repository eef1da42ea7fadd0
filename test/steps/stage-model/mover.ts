import { partSizeFor } from '../../../steps/lib/bucket/parts.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { judgeServer } from '../../../steps/stage-model/bucket/findings.ts';
import { hubSource } from '../../../steps/stage-model/source/hub-source.ts';
import { readListing } from '../../../steps/stage-model/source/listing.ts';
import { placeOf } from '../../../steps/stage-model/place.ts';
import type { WantedFile } from '../../../steps/stage-model/plan.ts';
import { createInlineCarrier } from '../../../steps/stage-model/thread/carrier.ts';
import { createDownloads } from '../../../steps/stage-model/pace/downloads.ts';
import { createBufferPool } from '../../../steps/stage-model/pace/pool.ts';
import { inOrder } from '../../../steps/stage-model/pace/turns.ts';
import { startProgress } from '../../../steps/stage-model/report/progress.ts';
import type { Transfer } from '../../../steps/stage-model/transfer.ts';
import { createMemoryBucket, createStorage, type Storage } from './memory-bucket.ts';
import { createMemoryHub } from './memory-hub.ts';
import { commit, defaults, model, stillClock, tinyParts } from './staging.ts';

interface MoverOptions {
  readonly files: Readonly<Record<string, Buffer>>;
  /** What another mover has left. */
  readonly storage?: Storage;
  readonly hub?: Partial<Parameters<typeof createMemoryHub>[0]>;
  readonly bucket?: Partial<Parameters<typeof createMemoryBucket>[0]>;
  readonly partSize?: number;
  readonly buffers?: number;
  readonly transfer?: Partial<Transfer>;
}

export interface Mover {
  readonly storage: Storage;
  readonly transfer: Transfer;
  readonly lines: string[];
  /** The file as it is wanted; throws when there is none of that path. */
  file(path: string): WantedFile;
}

/** A transfer over the in-memory Hub and bucket, for what moves single files. */
export async function createMover(options: MoverOptions): Promise<Mover> {
  const { storage = createStorage() } = options;
  const lines: string[] = [];
  const { partSize = 16 } = options;
  const hub = createMemoryHub({ commit, files: options.files, ...options.hub });
  const log = createLog({ write: (line) => lines.push(line.trimEnd()), env: {}, step: 'stage-model' });
  const progress = startProgress({ log, clock: stillClock, bytes: 0, files: 0, connections: () => 0 });
  const place = placeOf(defaults, commit);
  const listing = await readListing(hub, model, commit);
  const source = hubSource(hub, model, commit);
  const bucket = createMemoryBucket({ storage, ...options.bucket });
  return {
    storage,
    lines,
    transfer: {
      source,
      signal: new AbortController().signal,
      bucket,
      carrier: createInlineCarrier({ source, bucket }),
      place,
      log,
      progress,
      buffers: createBufferPool(options.buffers ?? 3, 1000),
      turns: inOrder,
      downloads: createDownloads(2, stillClock),
      readBack: 'auto',
      signsParts: true,
      findings: judgeServer({ sent: { md5: '', crc32: '' } }),
      ...options.transfer,
    },
    file: (path) => {
      const found = listing.find((file) => file.path === path);
      if (!found) throw new Error(`no file ${path}`);
      const size = partSizeFor(found.size, partSize, tinyParts);
      return { ...found, key: place.prefix + path, ...(size === undefined ? {} : { partSize: size }) };
    },
  };
}
