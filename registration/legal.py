"""The legal bases and the consent, in one place to edit when the law changes.

The texts themselves are in templates/registration/_consent.html (pages) and templates/registration/_pdf_end.html
(the document). A change of the consent's wording needs a new version here: every declaration records the version
that its citizen agreed to.
"""

CONSENT_VERSION = "2026-11"

# Statutory names: Vietnamese in every language.
LEGAL_BASES = (
    "Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15",
    "Nghị định số 356/2025/NĐ-CP",
    "Nghị định số 164/2025/NĐ-CP về giao dịch điện tử trong lĩnh vực bảo hiểm xã hội",
)
