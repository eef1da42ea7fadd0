import { serviceParam } from '../lib/serving/service.ts';
import { modelId, prefix, resourceName } from '../lib/shapes.ts';
import { defineStep } from '../lib/step.ts';
import { podParams } from './pod-params.ts';

/** The steps after this one would find it wrong when the service is switched already, and settle-rollout could not go back. */
const checkedHere = 'only checked, so that a wrong one ends the run before anything is touched';

export const spec = defineStep({
  name: 'apply-serving',
  displayName: 'Apply the serving runtime',
  summary:
    'Switches an InferenceService to a staged model and a matching vLLM runtime in one server-side apply.',
  params: {
    service: serviceParam,
    model: {
      kind: 'string',
      description: 'Model that was staged, for the record',
      default: 'openai/gpt-oss-20b',
      ...modelId,
    },
    revision: { kind: 'string', description: 'Commit that was staged, for the record', default: '' },
    prefix: {
      kind: 'string',
      description: 'Prefix of the staged revision in the bucket',
      ...prefix,
    },
    'manifest-digest': {
      kind: 'string',
      description: 'SHA-256 of the manifest that stage-model committed, for the record',
      default: '',
    },
    'encodings-base': {
      kind: 'string',
      description:
        'Folder that verify-tiktoken proved for TIKTOKEN_ENCODINGS_BASE; empty where the model needs none',
      default: '',
      pattern: '/[^\\s]*',
      shape: 'an absolute path, such as /mnt/models',
    },
    'storage-key': {
      kind: 'string',
      description: 'Data connection to read the model with: a key in the Secret storage-config',
      default: 'aws-connection-model-storage',
      pattern: '[-._a-zA-Z0-9]+',
      shape: 'the name of a data connection',
    },
    'storage-config': {
      kind: 'string',
      description:
        'wait until the Secret storage-config has the data connection (OpenShift AI writes it there), or trust that it will',
      default: 'wait',
      choices: ['wait', 'trust'],
    },
    'storage-timeout': {
      kind: 'duration',
      description: 'How long to wait for the data connection',
      default: '2m',
    },
    image: {
      kind: 'string',
      description: 'Image of the vLLM server; a digest keeps a restart from loading another one',
      default: 'registry.redhat.io/rhaii/vllm-cuda-rhel9:3.4.1',
      pattern: '[^\\s]+',
      shape: 'an image reference',
    },
    command: {
      kind: 'list',
      description: 'Command of the server; newer images also take `vllm` and `serve`',
      default: 'python\n-m\nvllm.entrypoints.openai.api_server',
    },
    args: {
      kind: 'list',
      description: 'Arguments of the server; KServe puts the service name in the place of {{.Name}}',
      default: [
        '--port=8080',
        '--model=/mnt/models',
        '--served-model-name={{.Name}}',
        '--tool-call-parser=openai',
        '--enable-auto-tool-choice',
        '--reasoning-parser=openai_gptoss',
      ].join('\n'),
    },
    env: {
      kind: 'list',
      description: 'Environment of the server, NAME=value; TIKTOKEN_ENCODINGS_BASE comes from encodings-base',
      default: [
        'HF_HOME=/tmp/hf_home',
        'HF_HUB_OFFLINE=1',
        'VLLM_NO_USAGE_STATS=1',
        'VLLM_CACHE_ROOT=/tmp/vllm',
        'XDG_CACHE_HOME=/tmp',
        'HOME=/tmp',
      ].join('\n'),
      pattern: '[A-Za-z_][A-Za-z0-9_]*=.*',
      shape: 'NAME=value',
    },
    ...podParams,
    replicas: { kind: 'integer', description: 'Pods of the service', default: '1', min: '1', max: '64' },
    strategy: {
      kind: 'string',
      description:
        'Recreate stops the old pod first (an outage, but no second GPU), RollingUpdate needs room for one more; auto is Recreate where the model needs a GPU and has one replica',
      default: 'auto',
      choices: ['auto', 'Recreate', 'RollingUpdate'],
    },
    'startup-timeout': {
      kind: 'duration',
      description: 'How long the server may load before the kubelet restarts it; the download is not counted',
      default: '30m',
      min: '1m',
    },
    'route-timeout': {
      kind: 'duration',
      description:
        "How long the router waits for an answer; OpenShift AI's own default of 30 s cuts long ones",
      default: '10m',
      min: '1s',
    },
    auth: {
      kind: 'boolean',
      description: 'Ask callers for a token that may get this InferenceService',
      default: 'true',
    },
    exposed: { kind: 'boolean', description: 'Give the service a Route', default: 'true' },
    concurrency: {
      kind: 'string',
      description:
        'When another roll-out of the service runs: queue behind it, supersede it (it stops waiting and makes way), or fail. One that began later and is promoted meanwhile is never undone',
      default: 'queue',
      choices: ['queue', 'supersede', 'fail'],
    },
    'lock-timeout': {
      kind: 'duration',
      description: 'How long to wait for another roll-out to end',
      default: '1h',
    },
    poll: { kind: 'duration', description: 'Time between two looks', default: '5s', min: '100ms' },
    'ready-timeout': {
      kind: 'duration',
      description: `What wait-ready and settle-rollout are given as timeout; ${checkedHere}`,
      default: '45m',
      min: '1s',
    },
    tries: {
      kind: 'integer',
      description: `What smoke-tool-calls is given; ${checkedHere}`,
      default: '3',
      min: '1',
      max: '50',
    },
    'max-tokens': {
      kind: 'integer',
      description: `What smoke-tool-calls is given; ${checkedHere}`,
      default: '2048',
      min: '64',
    },
    'pipeline-run': {
      kind: 'string',
      description: 'PipelineRun that holds the lock; settle-rollout frees it',
      ...resourceName,
    },
    'retry-failed': {
      kind: 'boolean',
      description: 'Roll out again what failed before and was rolled back',
      default: 'false',
    },
    'force-conflicts': {
      kind: 'boolean',
      description: 'Take over fields that another manager owns, such as a person at the dashboard',
      default: 'false',
    },
    'dry-run': {
      kind: 'boolean',
      description: 'Let the API server judge the change, print it, and write nothing',
      default: 'false',
    },
  },
  secrets: {},
  results: {
    runtime: { description: 'ServingRuntime that the service was switched to' },
    path: { description: 'Prefix that it was switched to, with a slash at its end' },
    'spec-hash': { description: 'Hash of the InferenceService as applied' },
    'served-name': { description: 'Name of the model in the API' },
  },
  permissions: [
    {
      apiGroup: 'serving.kserve.io',
      resources: ['inferenceservices'],
      verbs: ['get', 'patch'],
      resourceNames: ['$(params.service)'],
      why: 'reads and applies the service',
    },
    {
      apiGroup: 'serving.kserve.io',
      resources: ['inferenceservices'],
      verbs: ['create'],
      why: 'makes the service when there is none; a name cannot limit create',
    },
    {
      apiGroup: 'serving.kserve.io',
      resources: ['servingruntimes'],
      verbs: ['get', 'create', 'patch'],
      why: 'makes runtimes, each named by the hash of its spec',
    },
    {
      apiGroup: '',
      resources: ['configmaps'],
      verbs: ['get', 'update'],
      resourceNames: ['$(params.service)-rollout'],
      why: 'keeps the record of the roll-outs',
    },
    { apiGroup: '', resources: ['configmaps'], verbs: ['create'], why: 'begins the record' },
    {
      apiGroup: 'coordination.k8s.io',
      resources: ['leases'],
      verbs: ['get', 'update'],
      resourceNames: ['$(params.service)-rollout'],
      why: 'holds the lock of the service',
    },
    { apiGroup: 'coordination.k8s.io', resources: ['leases'], verbs: ['create'], why: 'makes the lock' },
    {
      apiGroup: 'tekton.dev',
      resources: ['pipelineruns'],
      verbs: ['get'],
      why: 'sees whether the run that holds the lock is over',
    },
    {
      apiGroup: '',
      resources: ['secrets'],
      verbs: ['get'],
      resourceNames: ['storage-config'],
      why: 'sees whether the data connection is known to KServe; not needed with storage-config=trust',
    },
  ],
  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
});
