// Tables and charts get their tools when they come near the window, so that a page of many stays quick.

function dataOf(id) {
  const found = document.getElementById(id);
  return found && JSON.parse(found.textContent);
}

function equip(article) {
  const heading = article.querySelector("h3");
  const box = article.querySelector(".scroll.rows");
  const rows = box && dataOf(`${heading.id}-data`);
  if (rows) new Browser(box, rows, heading.textContent);
  const bins = dataOf(`${heading.id}-bins`);
  if (bins) new Zoom(article.querySelector("figure"), bins);
}

const near = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((e) => e.isIntersecting)) {
    near.unobserve(entry.target);
    equip(entry.target);
  }
}, { rootMargin: "800px 0px" });

for (const article of document.querySelectorAll("article.table")) near.observe(article);
performance.mark("ready");
