"""Texts of Django and of the admin's theme that people meet here, listed so that our catalogue translates them.

The theme has no Vietnamese at all, and Django's lacks some texts, says others clumsily and calls people "bạn". What
stands in locale/ wins over both. Nothing imports this module: `make messages` reads it, and keeps the entries that
it would otherwise drop because our own sources do not have them.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

SIGNING_IN = (
    _("Log in"),
    _("Log out"),
    _("Logged out"),
    _("Log in again"),
    _("You have been successfully logged out from the administration"),
    _("Thanks for spending some quality time with the web site today."),
    _("Return to site"),
    _("View site"),
    _(
        "Please enter the correct %(username)s and password for a staff account. Note that both fields may "
        "be case-sensitive."
    ),
    _("Please enter a correct %(username)s and password. Note that both fields may be case-sensitive."),
    _("This account is inactive."),
    _(
        "You are authenticated as %(username)s, but are not authorized to access this page. Would you like "
        "to login to a different account?"
    ),
    _("Forgotten your password or username?"),
    _("Toggle password visibility"),
    _("password"),
    _("Old password"),
    _("Password confirmation"),
    _("New password confirmation"),
    _("Enter the same password as before, for verification."),
    _("Your old password was entered incorrectly. Please enter it again."),
    _("The two password fields didn’t match."),
    _("The password is too similar to the %(verbose_name)s."),
    _("Your password can’t be too similar to your other personal information."),
    _("This password is too common."),
    _("Your password can’t be a commonly used password."),
    _("This password is entirely numeric."),
    _("Your password can’t be entirely numeric."),
    _("Change password"),
    _("Password change"),
    _("Change my password"),
    _("Password change successful"),
    _("Your password was changed."),
    _("Password changed successfully."),
    _("Change password: %s"),
    _("Set password: %s"),
    _("Set password"),
    _("Reset password"),
    _("No password set."),
    _("Enter a new password for the user <strong>%(username)s</strong>."),
    _(
        "Please enter your old password, for security’s sake, and then enter your new password twice so we "
        "can verify you typed it in correctly."
    ),
    _(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change "
        'the password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    _("Raw passwords are not stored, so there is no way to see the user’s password."),
    _(
        "Whether the user will be able to authenticate using a password or not. If disabled, they may still "
        "be able to authenticate using other backends, such as Single Sign-On or LDAP."
    ),
    _("Password-based authentication"),
    _("Enabled"),
    _("Disabled"),
    _("After you've created a user, you’ll be able to edit more user options."),
    _("algorithm"),
    _("variety"),
    _("memory cost"),
    _("time cost"),
    _("parallelism"),
    _("salt"),
    _("hash"),
)

FORM_ERRORS = (
    _("This field is required."),
    _("This field cannot be null."),
    _("This field cannot be blank."),
    _("Enter a valid value."),
    _("Enter a valid email address."),
    _("Enter a valid date."),
    _("Enter a valid time."),
    _("Enter a valid date/time."),
    _("Enter a whole number."),
    _("Enter a number."),
    _("Enter a list of values."),
    _("Null characters are not allowed."),
    _("Ensure this value is less than or equal to %(limit_value)s."),
    _("Ensure this value is greater than or equal to %(limit_value)s."),
    _("Select a valid choice. %(value)s is not one of the available choices."),
    _("Select a valid choice. That choice is not one of the available choices."),
    _("Value %(value)r is not a valid choice."),
    _("“%(pk)s” is not a valid value."),
    _("%(model_name)s with this %(field_label)s already exists."),
    _("%(model)s instance with %(field)s %(value)r is not a valid choice."),
    _("Constraint “%(name)s” is violated."),
    _("No file was submitted."),
    _("The submitted file is empty."),
    _(
        "ManagementForm data is missing or has been tampered with. Missing fields: %(field_names)s. You may "
        "need to file a bug report if the issue persists."
    ),
    _("Conflicting form data submitted. Please try again."),
)

LISTS = (
    _("Select action"),
    _("Select action to run"),
    _("Run"),
    _("Run the selected action"),
    _("No action selected."),
    _("Items must be selected in order to perform actions on them. No items have been changed."),
    _("0 of %(cnt)s selected"),
    _("Select all %(total_count)s %(module_name)s"),
    _("Click here to select the objects across all pages"),
    _("Clear selection"),
    _("Type to search"),
    _("Filters"),
    _(" By %(filter_title)s "),
    _("Apply Filters"),
    _("Clear all filters"),
    _("Reset filters"),
    _("Show counts"),
    _("Hide counts"),
    _("No results found"),
    _("This page yielded into no results. Create a new item or reset your filters."),
    _("Any date"),
    _("Today"),
    _("Past 7 days"),
    _("This month"),
    _("This year"),
    _("Select %s"),
    _("Select %s to change"),
    _("Select %s to view"),
    _("Select all rows"),
    _("Select record"),
    _("Select all objects on this page for an action"),
    _("Toggle sorting"),
    _("Remove from sorting"),
    _("Sorting priority: %(priority_number)s"),
    _("Expand row"),
    _("More actions"),
    _("%(full_result_count)s total"),
    _("Show all"),
    _("Previous"),
    _("Next"),
    _("No data"),
    _("True"),
    _("False"),
    _("Unknown"),
)

RECORDS = (
    _("Add"),
    _("Add %s"),
    _("Add %(name)s"),
    _("Add row"),
    _("Add another %(verbose_name)s"),
    _("Add another %(model)s"),
    _("Change"),
    _("Change %s"),
    _("Change selected %(model)s"),
    _("View"),
    _("View selected %(model)s"),
    _("View on site"),
    _("Delete selected %(model)s"),
    _("Select value"),
    _("Save"),
    _("Save and continue editing"),
    _("Save and add another"),
    _("Save and view"),
    _("Save as new"),
    _("Submit"),
    _("Go back"),
    _("Hold down “Control”, or “Command” on a Mac, to select more than one."),
    _("Choose file to upload"),
    _("Image preview"),
    _("Click to download"),
    _("Date"),
    _("Time"),
    _("The {name} “{obj}” was added successfully."),
    _("You may edit it again below."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("%(name)s with ID “%(key)s” doesn’t exist. Perhaps it was deleted?"),
    _("%(name)s object with primary key %(key)r does not exist."),
    _("Database error"),
)

DELETING = (
    _("Delete?"),
    _("Delete multiple objects"),
    _("The %(name)s “%(obj)s” was deleted successfully."),
    _("Cannot delete %(name)s"),
    _(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the following '
        "related items will be deleted:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related objects, but "
        "your account doesn't have permission to delete the following types of objects:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would require deleting the following protected "
        "related objects:"
    ),
    _(
        "Deleting %(class_name)s %(instance)s would require deleting the following protected related "
        "objects: %(related_objects)s"
    ),
    _("Yes, I’m sure"),
    _("No, take me back"),
    _("Summary"),
    _("Objects"),
    _("This item will be deleted."),
    _("Click to cancel"),
    _("Remove"),
)

HISTORY = (
    _("History"),
    _("Change history: %s"),
    _("Date/time"),
    _("User"),
    _("Action"),
    _("This object doesn’t have a change history. It probably wasn’t added via this admin site."),
    _("Recent actions"),
    _("Unknown content"),
)

FRAME = (
    _("Home"),
    _("Site administration"),
    _("Administration"),
    _("%(app)s administration"),
    _("Models in the %(name)s application"),
    _("All applications"),
    _("You don’t have permission to view or edit anything."),
    _("Search apps and models..."),
    _("Filter navigation items"),
    _("Recent searches"),
    _("No recent searches"),
    _("No results matching your query"),
    _("Loading more results..."),
    _("General"),
    _("System"),
    _("Light"),
    _("Dark"),
    _("English"),
    _("Authentication and Authorization"),
    _("group"),
    _("groups"),
    _("permission"),
    _("permissions"),
    _("user permissions"),
    _("superuser status"),
    _("last login"),
    _("The groups this user belongs to. A user will get all permissions granted to each of their groups."),
    _("Designates that this user has all permissions without explicitly assigning them."),
    _("Specific permissions for this user."),
    _("content type"),
    _("Content Types"),
    _("Sessions"),
    _("session"),
    _("log entry"),
)

COUNTED = (
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
    ),
    ngettext_lazy("Please correct the error below.", "Please correct the errors below."),
    ngettext_lazy(
        "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
    ),
    ngettext_lazy(
        "Ensure this value has at least %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at least %(limit_value)d characters (it has %(show_value)d).",
    ),
    ngettext_lazy("%(counter)s result", "%(counter)s results"),
    ngettext_lazy("entry", "entries"),
)
