// The API's two pages: Swagger UI or ReDoc, whichever the page has loaded.
"use strict";
(() => {
  const place = document.getElementById("api");
  const url = place.dataset.schema;
  const token = place.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (window.SwaggerUIBundle) {
    window.SwaggerUIBundle({
      url,
      domNode: place,
      deepLinking: true,
      docExpansion: "none",
      // Somebody who is logged in tries things out with their own session.
      requestInterceptor: (request) => {
        if (request.method !== "GET" && token) request.headers["X-CSRFToken"] = token;
        return request;
      },
    });
  } else {
    window.Redoc.init(url, { disableSearch: true, hideDownloadButtons: false }, place);
  }
})();
