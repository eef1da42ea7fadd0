import { defineStep } from '../../steps/lib/step.ts';

/** One of everything that a spec can declare. */
export const example = defineStep({
  name: 'count-words',
  displayName: 'Count words',
  summary: 'Counts the words of a text.',
  params: {
    text: { kind: 'string', description: 'Text to count in', pattern: '[a-z ]+', shape: 'lower-case words' },
    mode: { kind: 'string', description: 'What counts', choices: ['all', 'unique'], default: 'all' },
    'at-most': { kind: 'integer', description: 'Where to stop', min: '1', max: '100', default: '10' },
    ignore: { kind: 'list', description: 'Words to leave out', default: 'a\nthe' },
  },
  secrets: {
    'word-secret': {
      description: 'who may count',
      default: 'words',
      optional: true,
      keys: { token: { secret: true } },
    },
  },
  workspaces: { texts: { description: 'A volume with texts', mountPath: '/workspace/texts' } },
  results: {
    count: { description: 'Number of words' },
    words: { kind: 'list', description: 'All of them' },
  },
  permissions: [
    {
      apiGroup: '',
      resources: ['configmaps'],
      verbs: ['get'],
      resourceNames: ['$(params.mode)-words'],
      why: 'reads the list',
    },
    {
      apiGroup: 'apps',
      resources: ['deployments'],
      verbs: ['patch'],
      namespaceParam: 'mode',
      why: 'tells a reader',
    },
  ],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
});
