import { type Bucket, createBucket, type S3Secret } from '../../lib/bucket.ts';
import { createHub } from '../../lib/hub.ts';
import type { ParamsOf, SecretsOf } from '../../lib/step.ts';
import { rulesWith } from '../policy/default-rules.ts';
import { bucketOrigin } from './bucket-origin.ts';
import { folderOrigin } from './folder-origin.ts';
import { hubOrigin } from './hub-origin.ts';
import type { SourceTools } from './make-source.ts';
import type { Origin } from './origin.ts';
import { parseSource } from './source-address.ts';
import type { spec } from '../spec.ts';

interface OriginOptions extends SourceTools {
  readonly params: ParamsOf<typeof spec>;
  readonly secrets: SecretsOf<typeof spec>;
  /** Where the model is to be staged. */
  readonly destination: Bucket;
}

/** Where `--source` says that the model comes from. */
export function makeOrigin(options: OriginOptions): Origin {
  const { params, secrets, destination, ...tools } = options;
  const address = parseSource(params.source);
  switch (address.kind) {
    case 'hub':
      return fromHub(options);
    case 'folder':
      return folderOrigin({
        ...address,
        revision: params.revision,
        rules: rulesWith(params.ignore),
        ...tools,
      });
    case 'bucket': {
      const secret = secretFor(address.bucket, secrets);
      const onRetry = (cause: string) => tools.onRetry?.('s3', cause);
      const bucket = createBucket({ ...tools, secret, onRetry });
      return bucketOrigin({
        bucket,
        prefix: address.prefix,
        params,
        destination,
        describe: (prefix) => ({ kind: 'bucket', secret, prefix }),
        ...tools,
      });
    }
  }
}

function fromHub({ params, secrets, onRetry, ...tools }: OriginOptions): Origin {
  const { hfEndpoint: endpoint, model, revision } = params;
  const token = secrets.hfSecret?.token;
  const hub = createHub({ ...tools, endpoint, token, onRetry: (cause) => onRetry?.('hub', cause) });
  return hubOrigin(hub, model, revision, token);
}

/** The source's own server and keys, or those of the bucket that is written to; the bucket's name is the address's. */
function secretFor(bucket: string, { s3Secret, sourceSecret }: SecretsOf<typeof spec>): S3Secret {
  return { ...(sourceSecret ?? s3Secret), AWS_S3_BUCKET: bucket };
}
