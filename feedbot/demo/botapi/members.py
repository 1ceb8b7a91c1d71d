"""Who is what in a chat."""

from typing import TYPE_CHECKING, Any

from feedbot.demo.botapi.chats import Chat

if TYPE_CHECKING:
    from feedbot.demo.botapi.world import BotAccount

_RIGHTS = (
    "can_be_edited can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members"
    " can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories"
    " can_delete_stories"
).split()
_PERMISSIONS = (
    "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos"
    " can_send_video_notes can_send_voice_notes can_send_polls can_send_other_messages"
    " can_add_web_page_previews can_change_info can_invite_users can_pin_messages"
    " can_manage_topics can_edit_tag can_react_to_messages"
).split()
STATUSES = {"creator", "administrator", "member", "restricted", "left", "kicked"}


def membership(bot: "BotAccount", chat: Chat, state: str) -> dict[str, Any]:
    """The ChatMember object of a bot in a chat of that state."""
    me = bot.json()
    if state in {"kicked", "blocked"}:
        return {"status": "kicked", "user": me, "until_date": 0}
    if state in {"not_member", "never_started", "deleted", "migrated"}:
        return {"status": "left", "user": me}
    if chat.type == "channel":
        may_post = state not in {"not_admin", "no_rights", "admin_required"}
        return as_member(me, "administrator") | {"can_post_messages": may_post}
    if state in {"no_rights", "no_photos", "restricted"}:
        return as_member(me, "restricted", talks=state == "no_photos")
    return {"status": "member", "user": me}


def as_member(user: dict[str, Any], status: str, *, talks: bool = False) -> dict[str, Any]:
    """The ChatMember object of somebody; `talks`: whoever is restricted may still send texts."""
    told = {"status": status, "user": user}
    if status == "creator":
        return told | {"is_anonymous": False}
    if status == "administrator":
        return told | dict.fromkeys(_RIGHTS, False) | {"is_anonymous": False}
    if status == "kicked":
        return told | {"until_date": 0}
    if status == "restricted":
        allowed = dict.fromkeys(_PERMISSIONS, talks) | {"can_send_photos": False}
        return told | {"is_member": True, "until_date": 0, **allowed}
    return told
