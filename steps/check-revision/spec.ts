import { hubEndpoint, hubSecret } from '../lib/hub-params.ts';
import { serviceParam } from '../lib/serving/service.ts';
import { address, modelId, revision } from '../lib/shapes.ts';
import { defineStep } from '../lib/step.ts';

export const spec = defineStep({
  name: 'check-revision',
  displayName: 'Check for a new revision',
  summary:
    'Asks the Hub for the newest commit and tells the EventListener of it as the Hub would: the poll for clusters that the Hub cannot reach.',
  params: {
    model: {
      kind: 'string',
      description: 'Model repository on the Hub',
      default: 'openai/gpt-oss-20b',
      ...modelId,
    },
    branch: {
      kind: 'string',
      description: 'Branch that is followed',
      default: 'main',
      ...revision,
      shape: 'a branch, such as main',
    },
    service: serviceParam,
    'hf-endpoint': hubEndpoint,
    listener: {
      kind: 'string',
      description: 'Address of the EventListener',
      default: 'http://el-llm-rollout:8080',
      ...address,
    },
  },
  secrets: {
    'webhook-secret': {
      description: 'secret that the EventListener asks for',
      default: 'llm-rollout-webhook',
      keys: { secret: { secret: true, exact: true } },
    },
    'hf-secret': hubSecret,
  },
  results: {
    revision: { description: 'Newest commit of the branch' },
    posted: { description: 'true when the EventListener was told of it' },
  },
  permissions: [
    {
      apiGroup: '',
      resources: ['configmaps'],
      verbs: ['get'],
      resourceNames: ['$(params.service)-rollout'],
      why: 'sees which revisions were rolled out, or failed',
    },
    {
      apiGroup: 'tekton.dev',
      resources: ['pipelineruns', 'taskruns'],
      verbs: ['list'],
      why: 'sees whether a run came of what was told, which runs of a commit have failed, and by what: what may pass is started again',
    },
  ],
  resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } },
});
