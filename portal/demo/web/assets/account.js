// Tells the person that the check is running; without this script the form works all the same.
const form = document.getElementById('account-form');
const wait = document.getElementById('wait');

form.addEventListener('submit', (event) => {
  if (form.getAttribute('aria-busy') === 'true') { // a double click is one request: each counts as a try
    event.preventDefault();
    return;
  }
  form.setAttribute('aria-busy', 'true');
  wait.textContent = wait.dataset.text;
});

// Coming back by the browser's own button finds the form as it was left.
window.addEventListener('pageshow', () => {
  form.removeAttribute('aria-busy');
  wait.textContent = '';
});
