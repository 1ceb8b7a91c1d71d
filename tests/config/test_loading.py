"""config.toml and the environment: what is taken, and how a mistake is told."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from feedbot.config import Config, load
from feedbot.errors import ConfigError

CATEGORY = '[[category]]\nslug = "policies"\ntitle = "Policies"\n'
SOURCE = '[[source]]\nid = "gazette"\nurl = "https://gazette.example/feed"\ncategory = "policies"\n'
PERSON = '[[subscription]]\nchat = 5\ncategory = "policies"\n'
PYTHON_WORDS = ("a valid ", "pydantic", "<class", "Input", "dict", "str", "Traceback", "instance")

Load = Callable[..., Config]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads a text as configuration, with variables."""

    def one(text: str = "", **variables: str) -> Config:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        config = load(path)
        config.sources()
        return config

    return one


@pytest.fixture
def complaint(read: Load, tmp_path: Path) -> Callable[..., str]:
    """What is said of a configuration: one line, without the words of Python."""

    def one(text: str = "", **variables: str) -> str:
        with pytest.raises(ConfigError) as raised:
            read(text, **variables)
        told = str(raised.value).replace(str(tmp_path), "")
        assert len(told.splitlines()) == 1
        assert told.isprintable()
        assert not [word for word in PYTHON_WORDS if word in told], told
        return told

    return one


def test_an_empty_file_gives_the_defaults_of_the_contract(read: Load, tmp_path: Path) -> None:
    config = read()
    assert config.feedbot.model_dump() == {
        "base_url": "http://127.0.0.1:8080",
        "title": "feedbot",
        "contact": "",
        "database": f"sqlite:///{tmp_path}/var/feedbot.db",
        "feeds_dir": tmp_path / "feeds",
        "sites_dir": tmp_path / "sites",
        "language": "en",
        "timezone": "UTC",
        "keep": "",
    }
    assert config.web.model_dump() == {"listen": "127.0.0.1:8080", "admin_listen": ""}
    publish = {"entries": 50, "content": "full", "hub": "", "brotli": False, "per_source": False}
    assert config.publish.model_dump() == publish
    assert config.fetch.model_dump() == {
        "allow_networks": (),
        "host_gap": timedelta(seconds=1),
        "host_concurrency": 2,
        "proxy": "",
    }
    assert config.telegram.model_dump() == {
        "token": None,
        "token_file": None,
        "api_url": "https://api.telegram.org",
        "admins": (),
        "messages_per_second": 25,
        "probe_unknown": False,
        "withdrawn": "mark",
    }


def test_lists_of_tables_have_the_defaults_of_the_contract(read: Load) -> None:
    config = read(CATEGORY + SOURCE + PERSON)
    source, subscription = config.source[0], config.subscription[0]
    assert (source.kind, source.site, source.interval, source.full_text) == (None, None, None, False)
    assert source.verify_tls is True
    assert (subscription.topic, subscription.style, subscription.silent) == (0, "photo", False)
    assert (subscription.on_unknown, subscription.max_age, subscription.latest) == ("resend", None, 0)
    assert config.category[0].approval is False
    assert config.without_effect() == []


def test_the_project_s_own_example_writes_each_default_as_it_is() -> None:
    """What config.toml shows as a value is what its absence means, or it is the example's own affair."""
    path = Path(__file__).parents[2] / "config.toml"
    shown, default = load(path), Config()
    own = {"title", "timezone", "database", "feeds_dir", "sites_dir"}
    for section in ("feedbot", "web", "publish", "fetch", "telegram"):
        ours, theirs = getattr(shown, section), getattr(default, section)
        differing = {key for key in type(ours).model_fields if getattr(ours, key) != getattr(theirs, key)}
        assert differing <= own, section
    for key in ("feeds_dir", "sites_dir"):
        assert getattr(shown.feedbot, key) == path.parent / getattr(default.feedbot, key)
    assert shown.database_path == path.parent / default.database_path


def test_without_a_file_the_defaults_count_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None).feedbot.feeds_dir == tmp_path / "feeds"


def test_relative_paths_count_from_the_file_s_folder(read: Load, tmp_path: Path) -> None:
    text = """
[feedbot]
database = "sqlite:///data/db.sqlite"
feeds_dir = "../public"
sites_dir = "/etc/feedbot/sites"
[telegram]
token_file = "secret/token"
[[category]]
slug = "p"
title = "P"
[[source]]
id = "folder"
kind = "files"
url = "documents"
category = "p"
"""
    config = read(text)
    assert config.database_path == tmp_path / "data/db.sqlite"
    assert config.feedbot.feeds_dir == tmp_path / "../public"
    assert config.feedbot.sites_dir == Path("/etc/feedbot/sites")
    assert config.telegram.token_file == tmp_path / "secret/token"
    assert config.sources()[0].url == str(tmp_path / "documents")


def test_four_slashes_name_a_database_from_the_root(read: Load) -> None:
    assert read('[feedbot]\ndatabase = "sqlite:////var/lib/f.db"').database_path == Path("/var/lib/f.db")


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(read: Load) -> None:
    assert read('\ufeff[feedbot]\r\ntitle = "News"\r\n').feedbot.title == "News"


@pytest.mark.parametrize("chat", ["-1001234567890", '"-1001234567890"', '"@news_of_the_day"', "5"])
def test_a_chat_is_a_number_or_a_name(read: Load, chat: str) -> None:
    text = f'{CATEGORY}[[subscription]]\nchat = {chat}\ncategory = "policies"'
    assert read(text).subscription[0].chat == chat.strip('"')


@pytest.mark.parametrize(
    ("text", "duration"),
    [("90s", 90), ("15m", 900), ("1h30m", 5400), ("7d", 604_800), ("2w", 1_209_600), ("0s", 0)],
)
def test_durations_are_text(read: Load, text: str, duration: int) -> None:
    assert read(f'[fetch]\nhost_gap = "{text}"').fetch.host_gap == timedelta(seconds=duration)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('[feedbot]\nbase_ulr = "x"', ["feedbot.base_ulr: unknown key", "base_url"]),
        ("[bogus]\na = 1", ["'bogus': unknown section", "category, feedbot"]),
        ("bogus = 1", ["'bogus': unknown section"]),
        ("feedbot = 1", ["feedbot: a table is wanted here: [feedbot]"]),
        ("[category]\nslug = 'x'", ["write [[category]]"]),
        ("[[category]]\nslug = 'x'", ["category[1].title: is missing"]),
        (CATEGORY + SOURCE + 'catgory = "x"\n', ["source[1].catgory: unknown key", "category"]),
        (CATEGORY + SOURCE + "interval = 30\n", ["source[1].interval", '"15m"', "not 30"]),
        (CATEGORY + SOURCE + 'interval = "0s"\n', ["source[1].interval", "once a second"]),
        (CATEGORY + SOURCE + 'kind = "rss"\n', ["source[1].kind", "'feed', 'page'", "not 'rss'"]),
        (CATEGORY + SOURCE + 'map = ["a"]\n', ["source[1].map: a table"]),
        (CATEGORY + SOURCE + 'verify_tls = "perhaps"\n', ["source[1].verify_tls: true or false"]),
        (
            CATEGORY + SOURCE + 'headers_file = "none"\n',
            ["source gazette: headers_file /none", "No such file"],
        ),
        (CATEGORY + SOURCE + 'timezone = "Mars/Base"\n', ["source[1].timezone", "Asia/Seoul"]),
        ("[feedbot]\nbase_url = 1", ["feedbot.base_url: text in quotes is wanted here, not 1"]),
        ("[feedbot]\ntitle = true", ["feedbot.title: text in quotes", "not true"]),
        ('[feedbot]\ntitle = ""', ["feedbot.title: is empty"]),
        ('[feedbot]\ntitle = "a\\nb"', ["feedbot.title", "one line"]),
        ("[feedbot]\ntitle = 1979-05-27", ["feedbot.title: text in quotes", "1979-05-27"]),
        ("[feedbot]\nfeeds_dir = 3", ["feedbot.feeds_dir: a path in quotes"]),
        ('[feedbot]\nfeeds_dir = ""', ["feedbot.feeds_dir: is empty"]),
        ('[feedbot]\nfeeds_dir = "a\\u0000b"', ["feedbot.feeds_dir", "control"]),
        ('[feedbot]\ndatabase = "sqlite:///a\\u0000b"', ["feedbot.database", "control"]),
        ('[feedbot]\ndatabase = "sqlite:///a?mode=ro"', ["feedbot.database", "without ?"]),
        ('[feedbot]\ndatabase = "sqlite:///"', ["feedbot.database", "sqlite:///var/feedbot.db"]),
        ('[feedbot]\ndatabase = "var/x.db"', ["feedbot.database", "sqlite:///var/feedbot.db"]),
        ('[feedbot]\ndatabase = "mysql://h/d"', ["feedbot.database: 'mysql'", "sqlite:///"]),
        (
            '[feedbot]\ndatabase = "postgresql://h/d"',
            ["feedbot.database: postgresql:// comes with a later"],
        ),
        ('[feedbot]\ndatabase = "postgresql+psycopg://h/d"', ["feedbot.database", "comes with a later"]),
        ('[feedbot]\nlanguage = "english!"', ["feedbot.language", '"pt-BR"']),
        ('[feedbot]\nkeep = "some"', ["feedbot.keep", '"7d"']),
        ('[feedbot]\nbase_url = "http://x.example/?q"', ["feedbot.base_url", "without user, ? and #"]),
        ("[publish]\nentries = 0", ["publish.entries: 0 is too small; 1 would do"]),
        ("[publish]\nentries = 5000", ["publish.entries: 5000 is too large; 1000 would do"]),
        ("[publish]\nentries = 2.5", ["publish.entries: a whole number", "not 2.5"]),
        ("[publish]\nentries = true", ["publish.entries: a whole number", "not true"]),
        ('[publish]\ncontent = "half"', ["publish.content", "'full' or 'summary'", "not 'half'"]),
        ('[publish]\nhub = "me"', ["publish.hub", "http://"]),
        ('[web]\nlisten = "8080"', ["web.listen", '"127.0.0.1:8080"']),
        ("[web]\nlisten = 8080", ["web.listen: text in quotes", "8080"]),
        ('[fetch]\nallow_networks = ["a"]', ["fetch.allow_networks[1]: 'a'", '"10.1.2.0/24"']),
        ("[fetch]\nallow_networks = 5", ['fetch.allow_networks: a list is wanted here: ["a", "b"]']),
        ('[telegram]\ntoken = "123456:AAHSECRET"', ["telegram.token:", "FEEDBOT_TELEGRAM__TOKEN"]),
        ('[telegram]\nadmins = ["ada"]', ["telegram.admins[1]: a whole number", "'ada'"]),
        (CATEGORY + 'slug = "x"', ["not valid TOML", "overwrite"]),
        ("title = ", ["not valid TOML"]),
        ("a = " + "[" * 5000, ["cannot be read"]),
        ("[[category]]\nslug = 'all'\ntitle = 'All'", ["category[1].slug", "not 'all'"]),
        ("[[category]]\nslug = 'A b'\ntitle = 'All'", ["category[1].slug: 'A b'", "a-z"]),
        (CATEGORY + CATEGORY, ["category 'policies' is there twice"]),
        (CATEGORY + SOURCE + SOURCE, ["source 'gazette' is there twice"]),
        (CATEGORY + PERSON + PERSON, ["subscription", "is there twice"]),
        (SOURCE, ["source gazette", "'policies' is not defined", "add a [[category]]"]),
        (CATEGORY + SOURCE.replace('"policies"', '"sports"'), ["'sports' is not defined", "known: policies"]),
        (
            CATEGORY + PERSON.replace('"policies"', '"sports"'),
            ["subscription 5", "known: policies"],
        ),
        (CATEGORY + SOURCE.replace("category", "#"), ["source gazette: no category"]),
        (CATEGORY + SOURCE.replace("https", "ftp"), ["source gazette: url 'ftp://", "http://"]),
        (CATEGORY + PERSON.replace("5", '"ada"'), ["subscription[1].chat: 'ada'", "@name"]),
        (CATEGORY + PERSON.replace("5", "1.5"), ["subscription[1].chat: 1.5"]),
        (CATEGORY + PERSON.replace("5", "0"), ["subscription[1].chat: 0"]),
        (CATEGORY + PERSON + "topic = -1", ["subscription[1].topic: -1 is too small"]),
        (CATEGORY + PERSON + 'style = "big"', ["subscription[1].style", "'photo'", "not 'big'"]),
    ],
)
def test_a_mistake_names_the_key_and_what_would_be_right(
    complaint: Callable[..., str], text: str, parts: list[str]
) -> None:
    told = complaint(text)
    assert told.startswith(("/config.toml: ", "source gazette: headers_file"))
    for part in parts:
        assert part in told
    assert "SECRET" not in told


def test_the_same_channel_in_other_letters_is_the_same(complaint: Callable[..., str]) -> None:
    """Telegram's names know no case; written twice, each message would come twice."""
    one, other = (PERSON.replace("5", f'"{name}"') for name in ("@News_Room", "@news_room"))
    assert "is there twice" in complaint(CATEGORY + one + other)


def test_a_number_is_the_same_however_it_is_written(complaint: Callable[..., str]) -> None:
    one, other = (PERSON.replace("5", f'"{number}"') for number in ("12", "0012"))
    assert "is there twice" in complaint(CATEGORY + one + other)


def test_an_address_of_ours_holds_no_password(complaint: Callable[..., str]) -> None:
    """It would be published in every feed."""
    told = complaint('[feedbot]\nbase_url = "https://ada:SECRET@feeds.example"')
    assert "without user" in told
    assert "SECRET" not in told


@pytest.mark.parametrize("url", ["http://a:SECRET@/feed", "ftp://a:SECRET@x.example", "//a:SECRET@x"])
def test_a_refused_address_does_not_tell_its_password(complaint: Callable[..., str], url: str) -> None:
    told = complaint(CATEGORY + SOURCE.replace("https://gazette.example/feed", url))
    assert "SECRET" not in told


def test_a_long_value_is_told_short(complaint: Callable[..., str]) -> None:
    assert len(complaint(f'[web]\nlisten = "{"x" * 10_000}"')) < 20_000
    assert len(complaint(f'[publish]\ncontent = "{"x" * 10_000}"')) < 200


def test_a_file_that_is_not_there_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: not found; name .* with --config"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a = '\xe9'"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(body)
    with pytest.raises(ConfigError, match="cannot be read: not UTF-8 text"):
        load(path)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "key", "meant"),
    [
        ("FEEDBOT_FEEDBOT__TITLE", "From outside", "feedbot.title", "From outside"),
        ("feedbot_feedbot__title", "In small letters", "feedbot.title", "In small letters"),
        ("FEEDBOT_PUBLISH__ENTRIES", "20", "publish.entries", 20),
        ("FEEDBOT_PUBLISH__BROTLI", "true", "publish.brotli", True),
        ("FEEDBOT_FETCH__HOST_GAP", "2s", "fetch.host_gap", timedelta(seconds=2)),
        ("FEEDBOT_FETCH__ALLOW_NETWORKS", "10.1.2.0/24, ::1", "fetch.allow_networks", ("10.1.2.0/24", "::1")),
        ("FEEDBOT_FETCH__ALLOW_NETWORKS", '["10.1.2.0/24"]', "fetch.allow_networks", ("10.1.2.0/24",)),
        ("FEEDBOT_FETCH__ALLOW_NETWORKS", "", "fetch.allow_networks", ()),
        ("FEEDBOT_TELEGRAM__ADMINS", "1,2", "telegram.admins", (1, 2)),
        ("FEEDBOT_TELEGRAM__TOKEN_FILE", "", "telegram.token_file", None),
    ],
)  # fmt: skip
def test_any_key_can_come_from_the_environment_and_wins(
    read: Load, name: str, value: str, key: str, meant: object
) -> None:
    section, _, field = key.partition(".")
    text = '[feedbot]\ntitle = "From the file"\n[publish]\nentries = 7\n[telegram]\ntoken_file = "token"\n'
    assert getattr(getattr(read(text, **{name: value}), section), field) == meant


@pytest.mark.parametrize(
    ("name", "value", "parts"),
    [
        ("FEEDBOT_FEEDBOT__BASE_ULR", "x", ["feedbot.base_ulr: unknown key"]),
        ("FEEDBOT_BOGUS__KEY", "x", ["unknown section"]),
        ("FEEDBOT_PUBLISH__ENTRIES", "many", ["publish.entries: a whole number", "'many'"]),
        ("FEEDBOT_PUBLISH__BROTLI", "maybe", ["publish.brotli: true or false"]),
        ("FEEDBOT_FETCH__ALLOW_NETWORKS", "[1", ["fetch.allow_networks", "no list"]),
        ("FEEDBOT_TELEGRAM", '{"token": "SECRET"}', ["telegram: a table is wanted here"]),
        ("FEEDBOT_CATEGORY__0__SLUG", "x", ["write [[category]] in the file"]),
        ("feedbot_web__listen", "x", ["web.listen: 'x'"]),
        ("FEEDBOT_FEEDBOT__TITLE", "a\udc80", ["feedbot.title", "one line"]),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    complaint: Callable[..., str], name: str, value: str, parts: list[str]
) -> None:
    told = complaint("", **{name: value})
    assert name in told
    assert "SECRET" not in told
    for part in parts:
        assert part in told


@pytest.mark.parametrize(
    "name", ["FEEDBOT_HOME", "FEEDBOT_PORT_80_TCP", "FEEDBOT_", "FEEDBOTTLE__X", "XFEEDBOT_A__B"]
)
def test_a_variable_that_is_no_section_and_key_is_none_of_ours(read: Load, name: str) -> None:
    """Container systems set FEEDBOT_PORT and the like for a service of that name."""
    assert read("", **{name: "x"}).feedbot.title == "feedbot"


def test_keys_without_effect_are_named_once(read: Load) -> None:
    one = '[[category]]\nslug = "{}"\ntitle = "Policies"\napproval = true\n'
    assert read(one.format("a") + one.format("b")).without_effect() == ["category.approval"]
