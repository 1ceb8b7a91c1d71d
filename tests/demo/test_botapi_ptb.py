"""The emulator asked by python-telegram-bot with its own transport: it reads every answer."""

from collections.abc import AsyncIterator

import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    MessageEntity,
)
from telegram.constants import ChatAction, ChatMemberStatus, ChatType
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

from feedbot.demo.botapi import BotApi
from feedbot.demo.botapi.errors import ApiError
from tests.demo.botapi_client import ADA, GROUP, NEWS, TOKEN
from tests.support import jpeg


@pytest.fixture(autouse=True)
def times_are_timedeltas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    made = BotApi(TOKEN, enforce_limits=False)
    made.add_private(ADA, "Ada")
    made.add_channel(NEWS, "News", "news_of_the_day")
    made.add_group(GROUP, "Readers")
    await made.start()
    yield made
    await made.stop()


def bot_of(api: BotApi, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{api.url}/bot", base_file_url=f"{api.url}/file/bot")


@pytest.fixture
async def bot(api: BotApi) -> AsyncIterator[Bot]:
    async with bot_of(api) as made:
        yield made


async def test_a_text_with_entities_preview_and_keyboard(bot: Bot) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="more")]])
    sent = await bot.send_message(
        NEWS,
        "Title 🙂 text",
        entities=[MessageEntity("bold", 0, 8), MessageEntity("text_link", 0, 5, url="https://a.example/")],
        link_preview_options=LinkPreviewOptions(url="https://a.example/", show_above_text=True),
        reply_markup=keyboard,
        disable_notification=True,
    )
    assert sent.chat.type == ChatType.CHANNEL
    assert sent.sender_chat.id == NEWS
    assert sent.parse_entities() == {sent.entities[0]: "Title 🙂", sent.entities[1]: "Title"}
    assert sent.link_preview_options.show_above_text
    assert sent.reply_markup == keyboard


async def test_a_photo_by_bytes_id_and_album(bot: Bot) -> None:
    sent = await bot.send_photo(ADA, jpeg(), caption="Look", filename="lead.jpg")
    assert sent.from_user.id == bot.id
    again = await bot.send_photo(ADA, sent.photo[-1].file_id)
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
    album = await bot.send_media_group(
        GROUP, [InputMediaPhoto(jpeg(), caption="1"), InputMediaPhoto(sent.photo[0].file_id)]
    )
    assert [one.caption for one in album] == ["1", None]
    assert album[0].media_group_id == album[1].media_group_id


async def test_a_document(bot: Bot) -> None:
    sent = await bot.send_document(ADA, b"words", filename="words.txt", caption="Read")
    assert (sent.document.file_name, sent.document.file_size, sent.caption) == ("words.txt", 5, "Read")


async def test_edits_of_every_kind_and_deleting(bot: Bot) -> None:
    text = await bot.send_message(NEWS, "Old")
    assert (await text.edit_text("New")).text == "New"
    photo = await bot.send_photo(NEWS, jpeg(), caption="Old")
    assert (await photo.edit_caption("New")).caption == "New"
    other = await photo.edit_media(InputMediaPhoto(jpeg(90, 90), caption="Other"))
    assert (other.photo[-1].width, other.caption) == (90, "Other")
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Site", url="https://a.example/")]])
    assert (await photo.edit_reply_markup(keyboard)).reply_markup == keyboard
    assert await text.delete()


async def test_updates_chats_members_and_commands(api: BotApi, bot: Bot) -> None:
    api.say(ADA, "/start policies")
    [update] = await bot.get_updates()
    assert update.message.from_user.first_name == "Ada"
    assert update.message.chat.type == ChatType.PRIVATE
    assert update.message.parse_entities() == {update.message.entities[0]: "/start"}
    assert await bot.get_updates(offset=update.update_id + 1, timeout=0) == ()
    assert (await bot.get_chat("@news_of_the_day")).title == "News"
    assert (await bot.get_chat_member(NEWS, bot.id)).status == ChatMemberStatus.ADMINISTRATOR
    assert (await bot.get_chat_member(NEWS, ADA)).status == ChatMemberStatus.MEMBER
    api.set_state(GROUP, "no_rights")
    assert (await bot.get_chat_member(GROUP, bot.id)).status == ChatMemberStatus.RESTRICTED
    await bot.set_my_commands([BotCommand("list", "What you follow")])
    assert await bot.get_my_commands() == (BotCommand("list", "What you follow"),)
    assert await bot.send_chat_action(ADA, ChatAction.TYPING)


async def test_a_pressed_button(api: BotApi, bot: Bot) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="more")]])
    sent = await bot.send_message(ADA, "x", reply_markup=keyboard)
    api.press(ADA, ADA, sent.message_id, "more")
    [update] = await bot.get_updates()
    assert update.callback_query.data == "more"
    assert await update.callback_query.answer()
    with pytest.raises(BadRequest, match="Query is too old"):
        await update.callback_query.answer()


async def test_refusals_arrive_as_the_classes_of_the_library(api: BotApi, bot: Bot) -> None:
    api.set_state(ADA, "blocked")
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(ADA, "x")
    api.set_state(GROUP, "migrated", migrated_to=-1009)
    with pytest.raises(ChatMigrated) as migrated:
        await bot.send_message(GROUP, "x")
    assert migrated.value.new_chat_id == -1009
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(5, "x")
    api.fail(
        "sendMessage", how="error", error=ApiError(429, "Too Many Requests: retry after 7", retry_after=7)
    )
    with pytest.raises(RetryAfter):
        await bot.send_message(NEWS, "x")
    api.fail("sendMessage", how="html502")
    with pytest.raises(NetworkError):
        await bot.send_message(NEWS, "x")
    api.bot.webhook = "https://a.example/"
    with pytest.raises(Conflict):
        await bot.get_updates()


async def test_a_wrong_token_is_an_invalid_one(api: BotApi) -> None:
    with pytest.raises(InvalidToken):
        async with bot_of(api, "1:WRONG"):
            pass
