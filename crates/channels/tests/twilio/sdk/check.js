// Judges signatures with Twilio's Node library, and makes its own: JSON in, JSON out.
const { getExpectedTwilioSignature, validateRequest, validateRequestWithBody } = require("twilio");

const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = cases.map(({ token, url, signature, form, json }) => {
  const accepted =
    json === null
      ? validateRequest(token, signature, url, form)
      : validateRequestWithBody(token, signature, url, json);
  return [accepted, getExpectedTwilioSignature(token, url, form)];
});
process.stdout.write(JSON.stringify(answers));
