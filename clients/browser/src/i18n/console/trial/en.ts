// The steps of trying a connection; what each came to, the server says in English itself.

/** The steps by their code. */
export const steps = {
  accepted: "Letter taken",
  administrator: "Administrator",
  answer: "Answer",
  bind: "Our own sign-in",
  connect: "Connected",
  failed: "Failed",
  fault: "Failed",
  grace: "Last good sign-in",
  groups: "Groups",
  memory: "Remembered",
  odd: "Odd",
  password: "Password",
  place: "Sign-ins at once",
  privileges: "Privileges",
  resolve: "Address looked up",
  search: "Person looked up",
  server: "Server",
  "sign in": "Our own sign-in",
  starttls: "StartTLS",
  tls: "TLS",
  verdict: "Verdict",
};

/** What is said of a person, by field. */
export const told = {
  email: "E-mail",
  first_name: "First name",
  last_name: "Last name",
  phone: "Telephone",
  time_zone: "Time zone",
  user_id: "Number there",
};
