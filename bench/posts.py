"""Posts for the bench: bodies in GitHub's shape that differ in one number,
and the signatures of all of them, made before any clock runs."""

import hashlib
import hmac
import json
import os

SECRET = "the secret that the bench signs with"
API = "https://api.github.com"
_MARK = "@NUMBER@"


def user(login):
    url = "%s/users/%s" % (API, login)
    return {
        "login": login, "id": 21031067, "node_id": "MDQ6VXNlcjIxMDMxMDY3",
        "avatar_url": "https://avatars1.githubusercontent.com/u/21031067?v=4",
        "gravatar_id": "", "url": url,
        "html_url": "https://github.com/" + login,
        "followers_url": url + "/followers",
        "following_url": url + "/following{/other_user}",
        "gists_url": url + "/gists{/gist_id}",
        "starred_url": url + "/starred{/owner}{/repo}",
        "subscriptions_url": url + "/subscriptions",
        "organizations_url": url + "/orgs", "repos_url": url + "/repos",
        "events_url": url + "/events{/privacy}",
        "received_events_url": url + "/received_events",
        "type": "User", "site_admin": False,
    }


def repository(owner, name):
    full = "%s/%s" % (owner, name)
    url = "%s/repos/%s" % (API, full)
    repo = {"id": 186853002, "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=",
            "name": name, "full_name": full, "private": False,
            "owner": user(owner), "html_url": "https://github.com/" + full,
            "description": None, "fork": False, "url": url}
    for part in ("forks", "keys{/key_id}", "collaborators{/collaborator}",
                 "teams", "hooks", "issues/events{/number}", "events",
                 "assignees{/user}", "branches{/branch}", "tags",
                 "git/blobs{/sha}", "git/tags{/sha}", "git/refs{/sha}",
                 "git/trees{/sha}", "statuses/{sha}", "languages",
                 "stargazers", "contributors", "subscribers", "subscription",
                 "commits{/sha}", "git/commits{/sha}", "comments{/number}",
                 "issues/comments{/number}", "contents/{+path}",
                 "compare/{base}...{head}", "merges",
                 "{archive_format}{/ref}", "downloads", "issues{/number}",
                 "pulls{/number}", "milestones{/number}",
                 "notifications{?since,all,participating}", "labels{/name}",
                 "releases{/id}", "deployments"):
        repo[part.split("{")[0].strip("/").replace("/", "_") + "_url"] = \
            url + "/" + part
    repo.update({
        "created_at": "2019-05-15T15:19:25Z",
        "updated_at": "2019-05-15T15:19:27Z",
        "pushed_at": "2019-05-15T15:20:32Z",
        "git_url": "git://github.com/%s.git" % full,
        "ssh_url": "git@github.com:%s.git" % full,
        "clone_url": "https://github.com/%s.git" % full,
        "svn_url": "https://github.com/" + full, "homepage": None, "size": 0,
        "stargazers_count": 0, "watchers_count": 0, "language": None,
        "has_issues": True, "has_projects": True, "has_downloads": True,
        "has_wiki": True, "has_pages": True, "forks_count": 0,
        "mirror_url": None, "archived": False, "disabled": False,
        "open_issues_count": 1, "license": None, "forks": 0,
        "open_issues": 1, "watchers": 0, "default_branch": "master"})
    return repo


def payload():
    url = API + "/repos/octo/hello/issues/1"
    return {
        "action": "opened",
        "issue": {
            "url": url, "repository_url": API + "/repos/octo/hello",
            "labels_url": url + "/labels{/name}",
            "comments_url": url + "/comments", "events_url": url + "/events",
            "html_url": "https://github.com/octo/hello/issues/1",
            "id": 444500041, "node_id": "MDU6SXNzdWU0NDQ1MDAwNDE=",
            "number": 1,
            "title": "Spelling error in the README file " + _MARK,
            "user": user("octo"),
            "labels": [{"id": 1362934389, "node_id": "MDU6TGFiZWwxMzYyOTM0",
                        "url": API + "/repos/octo/hello/labels/bug",
                        "name": "bug", "color": "d73a4a", "default": True}],
            "state": "open", "locked": False, "assignee": user("octo"),
            "assignees": [user("octo")], "milestone": None, "comments": 0,
            "created_at": "2019-05-15T15:20:18Z",
            "updated_at": "2019-05-15T15:20:18Z", "closed_at": None,
            "author_association": "OWNER", "body": "",
        },
        "repository": repository("octo", "hello"),
        "sender": user("octo"),
    }


def small():
    return {"action": "opened",
            "issue": {"number": 1, "title": "Spelling " + _MARK, "body": ""},
            "repository": {"id": 1, "full_name": "octo/hello"},
            "sender": {"login": "octo", "id": 21031067}}


class Posts:
    """size bytes each; number n's body is head + eight digits + tail."""

    def __init__(self, folder, size, count):
        self.folder = folder
        self.count = count
        body = payload() if size > 4096 else small()
        lacking = size - len(self._dump(body)) - 8 + len(_MARK)
        words = "It looks like the word is spelt wrong; please see \"line\". "
        text = (words * (lacking // len(words) + 1))
        body["issue"]["body"] = ""
        while len(json.dumps(text[:lacking])) - 2 > lacking:
            text = text[:len(text) - 1] if len(text) <= lacking else \
                text[:lacking]
        body["issue"]["body"] = text[:lacking]
        text = self._dump(body)
        self.head, self.tail = text.encode().split(_MARK.encode())
        self.size = len(self.head) + 8 + len(self.tail)

    @staticmethod
    def _dump(body):
        return json.dumps(body, separators=(",", ":"))

    def body(self, number):
        return self.head + b"%08d" % number + self.tail

    def digest(self, number):
        keyed = self._keyed()
        return self._finish(keyed, number)

    def _keyed(self):
        return hmac.new(SECRET.encode(), self.head, hashlib.sha256)

    def _finish(self, keyed, number):
        mac = keyed.copy()
        mac.update(b"%08d" % number)
        mac.update(self.tail)
        return mac.hexdigest()

    def headers(self, number):
        return [("Content-Type", "application/json"),
                ("X-GitHub-Event", "issues"),
                ("X-GitHub-Delivery", "bench-%08d" % number),
                ("X-Hub-Signature-256", "sha256=" + self.digest(number))]

    def write(self):
        """The files that post.lua reads."""
        os.makedirs(self.folder, exist_ok=True)
        for name, data in (("head", self.head), ("tail", self.tail)):
            with open(os.path.join(self.folder, name), "wb") as f:
                f.write(data)
        keyed = self._keyed()
        with open(os.path.join(self.folder, "digests"), "w",
                  encoding="ascii") as f:
            for n in range(self.count):
                f.write(self._finish(keyed, n))
        return self
