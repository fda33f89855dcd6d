___TERMS_OF_SERVICE___

By creating or modifying this file you agree to Google Tag Manager's Community
Template Gallery Developer Terms of Service available at
https://developers.google.com/tag-manager/gallery-tos (or such other URL as
Google may provide), as modified from time to time.


___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Ringtrace",
  "categories": ["ANALYTICS", "ATTRIBUTION", "CONVERSIONS"],
  "brand": {
    "id": "brand_dummy",
    "displayName": "Ringtrace"
  },
  "description": "Shows every visitor a phone number of their own, and tells which ad made the phone ring. Fire it on Consent Initialization or on All Pages.",
  "containerContexts": ["WEB"]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "TEXT",
    "name": "endpoint",
    "displayName": "Address of your Ringtrace service",
    "help": "Such as https://calls.example.com. Allow the same address in this template's permission to inject scripts.",
    "simpleValueType": true,
    "valueValidators": [
      { "type": "NON_EMPTY" },
      { "type": "REGEX", "args": ["^https://[^/?#]+/?$"], "errorMessage": "https:// and a host, nothing else" }
    ]
  },
  {
    "type": "TEXT",
    "name": "key",
    "displayName": "Public key of the site",
    "simpleValueType": true,
    "valueValidators": [
      { "type": "NON_EMPTY" },
      { "type": "REGEX", "args": ["^pk_[A-Za-z0-9_-]+$"], "errorMessage": "It begins with pk_" }
    ]
  },
  {
    "type": "SELECT",
    "name": "consent",
    "displayName": "Consent",
    "help": "What the visitor allowed. With the first choice the script listens to Google Consent Mode, the IAB's framework and Global Privacy Control.",
    "macrosInSelect": false,
    "selectItems": [
      { "value": "auto", "displayValue": "As the page's consent tools say" },
      { "value": "", "displayValue": "The site's default" },
      { "value": "granted", "displayValue": "Granted" },
      { "value": "denied", "displayValue": "Denied" }
    ],
    "simpleValueType": true,
    "defaultValue": "auto"
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const createArgumentsQueue = require('createArgumentsQueue');
const encodeUriComponent = require('encodeUriComponent');
const injectScript = require('injectScript');

// Calls of other tags wait here until the script is there.
createArgumentsQueue('ringtrace', 'ringtrace.q');

const endpoint = data.endpoint.charAt(data.endpoint.length - 1) === '/' ? data.endpoint.slice(0, -1) : data.endpoint;
let address = endpoint + '/rt.js?key=' + encodeUriComponent(data.key);
if (data.consent) address = address + '&consent=' + data.consent;

injectScript(address, data.gtmOnSuccess, data.gtmOnFailure, 'ringtrace');


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": { "publicId": "access_globals", "versionId": "1" },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  { "type": 1, "string": "key" },
                  { "type": 1, "string": "read" },
                  { "type": 1, "string": "write" },
                  { "type": 1, "string": "execute" }
                ],
                "mapValue": [
                  { "type": 1, "string": "ringtrace" },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": true }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  { "type": 1, "string": "key" },
                  { "type": 1, "string": "read" },
                  { "type": 1, "string": "write" },
                  { "type": 1, "string": "execute" }
                ],
                "mapValue": [
                  { "type": 1, "string": "ringtrace.q" },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": true },
                  { "type": 8, "boolean": false }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": { "isEditedByUser": true },
    "isRequired": true
  },
  {
    "instance": {
      "key": { "publicId": "inject_script", "versionId": "1" },
      "param": [
        {
          "key": "urls",
          "value": {
            "type": 2,
            "listItem": [{ "type": 1, "string": "https://*/rt.js*" }]
          }
        }
      ]
    },
    "clientAnnotations": { "isEditedByUser": true },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: the script is asked for with the site's key
  code: |-
    mock('injectScript', (address, onSuccess) => {
      assertThat(address).isEqualTo('https://calls.example.com/rt.js?key=pk_demo&consent=auto');
      onSuccess();
    });
    runCode({ endpoint: 'https://calls.example.com/', key: 'pk_demo', consent: 'auto' });
    assertApi('gtmOnSuccess').wasCalled();
setup: ''


___NOTES___

The script is loaded asynchronously; the page stays as it is whenever it does not come.
