import type { ContainerSeen } from './pods.ts';
import { present } from './present.ts';
import type { OutsideFailure } from './problems.ts';
import { firstErrorLine, isNoError, linesOf } from './words.ts';

/** Why a container ended, by its exit and its own words. */
export interface Cause {
  /** `LD132 HARMONY_VOCAB` */
  readonly code: string;
  /** What it means, after `<container>: `. */
  readonly meaning: string;
  /** The line that tells. */
  readonly line?: string;
  readonly hint: string;
  /** Where it is not the revision's doing. */
  readonly failure?: OutsideFailure;
}

interface Rule {
  readonly code: string;
  readonly says: RegExp;
  readonly meaning: string;
  readonly hint: string;
  readonly failure?: OutsideFailure;
}

/** stage-model mends nothing under a committed prefix, and this revision counts as failed now. */
const restage =
  'start the run again with read-back=always and retry-failed=true: all objects are read, and where one is not what was committed the run names the marker to remove, without which wrong ones are replaced';

const initRules: readonly Rule[] = [
  {
    code: 'LD120 INIT_S3_AUTH',
    says: /InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|\b403\b.*Forbidden|authentication failed|Access denied|Invalid AWS credentials|NoCredentials/i,
    meaning: 'S3 refuses the keys of the data connection',
    hint: 'compare the keys of the data connection with those that stage-model used; then delete the pod',
    failure: 'refused',
  },
  {
    code: 'LD121 INIT_S3_NOTFOUND',
    says: /No model found in|NoSuchBucket|NoSuchKey|S3 resource .*not found|bucket '.*' does not exist|\b404\b.*Not Found/i,
    meaning: 'nothing is stored under the path',
    hint: 'oc get inferenceservice -o yaml   (compare spec.predictor.model.storage with the prefix that stage-model gave, and the bucket)',
  },
  {
    code: 'LD123 INIT_TLS',
    says: /CERTIFICATE_VERIFY_FAILED|SSLError|SSL validation failed|Failed to find ca bundle/i,
    meaning: 'the certificate of the S3 endpoint is not trusted',
    hint: 'put the authority into the ConfigMap odh-kserve-custom-ca-bundle, or into cabundle_configmap of storage-config',
    failure: 'refused',
  },
  {
    code: 'LD125 INIT_DISK',
    says: /No space left on device|ENOSPC/i,
    meaning: 'the node has no room for the model',
    hint: 'oc describe node   (ephemeral-storage under Allocatable); the model lies there twice while images are pulled',
  },
  {
    code: 'LD122 INIT_S3_CONN',
    says: /Could not connect|EndpointConnectionError|ConnectTimeout|ReadTimeout|ConnectionClosed|Name or service not known|Connection refused|Failed to connect/i,
    meaning: 'the S3 endpoint does not answer from the pod',
    hint: 'oc get pods -n openshift-storage   (and look at endpoint_url in the Secret storage-config, and at NetworkPolicies)',
    failure: 'unavailable',
  },
];

const serverRules: readonly Rule[] = [
  {
    code: 'LD132 HARMONY_VOCAB',
    says: /loading vocab file|invalid tiktoken vocab|HarmonyError/i,
    meaning: 'the vocabulary of gpt-oss cannot be loaded',
    hint: 'run verify-tiktoken: o200k_base.tiktoken must lie beside the model, and TIKTOKEN_ENCODINGS_BASE name its folder',
  },
  {
    code: 'LD131 CUDA_OOM',
    says: /CUDA out of memory|No available memory for the cache blocks|KV cache is needed, which is larger|Free memory on device|kv cache allocation is less/i,
    meaning: 'the GPU has not enough memory for the model and its KV cache',
    hint: 'add --max-model-len=32768 (or less) to args, or lower --gpu-memory-utilization when another process uses the GPU',
  },
  {
    code: 'LD134 ARGS_INVALID',
    says: /unrecognized arguments|invalid choice|invalid tool call parser|Reasoning parser .* not found|requires --tool-call-parser|the following arguments are required|User-specified max_model_len/i,
    meaning: 'this vLLM does not take the arguments',
    hint: 'compare args with `vllm serve --help` of this image; flags and parsers differ between versions',
  },
  {
    code: 'LD133 MODEL_UNSUPPORTED',
    says: /does not recognize this architecture|architectures? .* (is|are) not supported|Unknown quantization|Model architectures|\b(pass|set|setting) [^,]*trust_remote_code=True|No MXFP4 MoE backend/i,
    meaning: 'this vLLM cannot run the model',
    hint: 'use a newer image; the model card names the vLLM that it needs',
  },
  {
    code: 'LD136 MODEL_FILES',
    says: /Weight files referenced in index but missing|SafetensorError|Cannot find any model weights|Invalid repository ID or local directory|LocalEntryNotFoundError|HFValidationError/i,
    meaning: 'files of the model are missing or damaged in the pod',
    hint: restage,
  },
  {
    code: 'LD137 GPU_BROKEN',
    says: /No CUDA GPUs are available|CUDA driver version is insufficient|CUDA error|\bNVML|Failed to infer device type/i,
    meaning: 'the GPU cannot be used in the pod',
    hint: 'oc get pods -n nvidia-gpu-operator   (driver and device plugin), and see which node the pod is on',
  },
];

/** The first line that a rule knows, since the last ones are generic; what is logged below ERROR is none. */
export function causeOf(container: ContainerSeen, warnings: readonly string[] = []): Cause {
  const { init, ended } = container;
  if (ended?.reason === 'OOMKilled') return init ? initOutOfMemory : outOfMemory;
  return known(container) ?? killedByProbe(container, warnings) ?? unknownCause(container);
}

function known({ init, log }: ContainerSeen): Cause | undefined {
  const rules = init ? initRules : serverRules;
  for (const line of linesOf(log).filter((each) => !isNoError(each))) {
    const rule = rules.find(({ says }) => says.test(line));
    if (rule) return causeBy(rule, line);
  }
  return undefined;
}

function causeBy({ code, meaning, hint, failure }: Rule, line: string): Cause {
  return { code, meaning, line, hint, ...present({ failure }) };
}

/** The kubelet's own word, or a probe that failed before an end that looks like one by a signal. */
function killedByProbe({ name, init, ended }: ContainerSeen, warnings: readonly string[]): Cause | undefined {
  if (init || ended === undefined) return undefined;
  const killing = warnings.findLast((said) => said.startsWith('Killing: ') && said.includes(` ${name} `));
  const failing = warnings.findLast((said) => /(Liveness|Startup) probe failed/i.test(said));
  const line = ended.exitCode === 0 ? killing : (killing ?? failing);
  const bySignal = [0, ...signalled].includes(ended.exitCode);
  return line !== undefined && bySignal ? { ...probeKilled, line } : undefined;
}

/** SIGKILL, SIGTERM, and what Python makes of it while vLLM starts: a KeyboardInterrupt. One that serves ends with 0. */
const signalled = [137, 143, 130];

function unknownCause(container: ContainerSeen): Cause {
  const line = firstErrorLine(container.log);
  return { code: 'LD139 CRASHED', meaning: describeEnd(container), ...present({ line }), hint: readLog };
}

const readLog = 'read the lines above; `oc logs` with --previous has the rest';

const outOfMemory: Cause = {
  code: 'LD130 CONTAINER_OOM',
  meaning: 'the server needs more memory than its limit (killed, OOMKilled)',
  hint: 'raise memory-limit and memory-request; loading takes about the size of the largest shard beside what the process needs',
};

const initOutOfMemory: Cause = {
  code: 'LD124 INIT_OOM',
  meaning: 'the download needs more memory than its limit (killed, OOMKilled)',
  hint: 'raise memoryLimit of storageInitializer in the ConfigMap inferenceservice-config of KServe; it cannot be set for one service',
};

const probeKilled: Cause = {
  code: 'LD135 PROBE_KILL',
  meaning: 'the kubelet ended the server because it was not up in time',
  hint: 'raise startup-timeout; loading took longer than it allows',
};

function describeEnd({ ended }: ContainerSeen): string {
  const { exitCode = 'unknown', reason } = ended ?? {};
  // A vLLM whose engine dies ends with 0.
  if (exitCode === 0) return 'it ended by itself with exit code 0; a server should not';
  return `it ended with exit code ${exitCode}${reason ? ` (${reason})` : ''}`;
}
