# syncd in a container: `docker run --volume .:/repository IMAGE diff`
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && useradd --create-home syncd

COPY pyproject.toml README.md LICENSE CHANGELOG.md /source/
COPY syncd /source/syncd
RUN pip install --no-cache-dir /source

# Any user id will do, also one without an entry in the list of users.
ENV HOME=/tmp
USER syncd
WORKDIR /repository
ENTRYPOINT ["syncd"]
CMD ["--help"]
