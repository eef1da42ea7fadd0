import { describe } from 'vitest';
import { explains, status } from './explained.ts';

describe('404', () => {
  explains([
    {
      title: 'is a kind of KServe that is not served, in the words of a router',
      status: 404,
      body: '404 page not found\n',
      headline: 'KServe is not installed, or its v1beta1 of InferenceService is not served',
      evidence: ['404 page not found'],
      hint: 'oc api-resources --api-group=serving.kserve.io',
    },
    {
      title: 'is a kind that is not served, in the words of the server',
      status: 404,
      body: status('the server could not find the requested resource', { details: {} }),
      about: { apiVersion: 'route.openshift.io/v1', kind: 'Route' },
      headline: 'this cluster does not serve Route of route.openshift.io/v1',
      evidence: ['the server could not find the requested resource'],
      hint: 'oc api-resources --api-group=route.openshift.io',
    },
    {
      title: 'is a kind of the core group that is not served',
      status: 404,
      body: '',
      about: { apiVersion: 'v1', kind: 'Thing' },
      headline: 'this cluster does not serve Thing of v1',
      evidence: ['HTTP 404 without a body'],
      hint: "oc api-resources --api-group=''",
    },
    {
      title: 'is a namespace that is not there',
      status: 404,
      body: status('namespaces "team" not found', { details: { name: 'team', kind: 'namespaces' } }),
      headline: 'the namespace team does not exist',
      evidence: ['namespaces "team" not found'],
      hint: 'oc new-project team',
    },
    {
      title: 'is an object that is not there',
      status: 404,
      body: status('inferenceservices.serving.kserve.io "gpt" not found', {
        details: { name: 'gpt', group: 'serving.kserve.io', kind: 'inferenceservices' },
      }),
      headline: 'InferenceService team/gpt does not exist',
      evidence: ['inferenceservices.serving.kserve.io "gpt" not found'],
      hint: 'oc get inferenceservices.serving.kserve.io -n team',
    },
  ]);
});
