//! Properties that many types share.

use std::ops::{Deref, DerefMut};

use serde_json::Value;

use super::macros::group;
use super::object::Properties;
use super::rest::{Kept, Out};
use super::{
    ActionFallback, ActionMode, ActionStyle, Background, Capabilities, ChartColorSet,
    ElementFallback, InputLabelPosition, InputStyle, LabelWidth, Layout, Pixels, Spacing,
    TargetWidth, ThemedUrl, Url, ValueChangedAction, VerticalAlignment,
};

group! {
    /// What every element has.
    ElementProperties as element, element_setters with [item] {
        /// What the client must be able to do, or the fallback is shown.
        requires: Capabilities = "requires" since "1.2",
        /// Is shown.
        is_visible: bool = "isVisible" since "1.2" unless hidden,
        /// Has a line before it.
        separator: bool = "separator",
        /// The room before it.
        spacing: Spacing = "spacing",
        /// How wide the card must be for it to be shown.
        target_width: TargetWidth = "targetWidth" teams,
    }
}

group! {
    /// What every button has.
    ActionProperties as action, action_setters with [keyed] {
        /// What the button says.
        title: String = "title",
        /// A picture on it, or `icon:` and the name of an icon of the Fluent set.
        icon_url: Url = "iconUrl" since "1.1",
        /// What its look says.
        style: ActionStyle = "style" since "1.2",
        /// Whether it is on the card or behind the three dots.
        mode: ActionMode = "mode" since "1.5",
        /// What it says when pointed at.
        tooltip: String = "tooltip" since "1.5",
        /// Can be pressed.
        is_enabled: bool = "isEnabled" since "1.5" unless disabled,
        /// The same picture for each theme.
        themed_icon_urls: [ThemedUrl] = "themedIconUrls" teams,
        /// Its name for others.
        id: String = "id",
        /// What the client must be able to do, or the fallback is shown.
        requires: Capabilities = "requires" since "1.2",
        /// What is shown instead by a client that does not know it.
        fallback: ActionFallback = "fallback" since "1.2",
    }
}

group! {
    /// What every input has.
    InputProperties as input, input_setters {
        /// What stands above it; a screen reader reads it.
        label: String = "label" since "1.3",
        /// Must be filled.
        is_required: bool = "isRequired" since "1.3" as required,
        /// What is said when it is not filled as it must be.
        error_message: String = "errorMessage" since "1.3",
        /// What happens when its value changes.
        value_changed_action: ValueChangedAction = "valueChangedAction" teams,
        /// Where the label is.
        label_position: InputLabelPosition = "labelPosition" since "1.6" elsewhere,
        /// How wide the label is beside the input, in percent or pixels.
        label_width: LabelWidth = "labelWidth" since "1.6" elsewhere,
        /// When it looks like an input.
        input_style: InputStyle = "inputStyle" since "1.6" elsewhere,
    }
}

group! {
    /// What everything has that has elements in it and a background.
    SurfaceProperties as surface, surface_setters {
        /// How its elements are laid out, by width of the card.
        layouts: [Layout] = "layouts" teams,
        /// How high it is at least.
        min_height: Pixels = "minHeight" since "1.2",
        /// A picture behind it.
        background_image: Background = "backgroundImage" since "1.2",
        /// Where its content stands from top to bottom.
        vertical_content_alignment: VerticalAlignment = "verticalContentAlignment" since "1.1",
        /// Reads from right to left.
        rtl: bool = "rtl" since "1.5",
    }
}

group! {
    /// What every chart has.
    ChartProperties as chart, chart_setters {
        /// What stands above it.
        title: String = "title",
        /// Shows what stands above it.
        show_title: bool = "showTitle",
        /// Its colours.
        color_set: ChartColorSet = "colorSet",
        /// How wide it may be.
        max_width: Pixels = "maxWidth",
        /// Says which colour is what.
        show_legend: bool = "showLegend" unless without_legend,
    }
}

/// Properties that many types share and few objects set: nothing but a pointer while none is set.
///
/// ```
/// use argus_cards::model::{Spacing, TextBlock};
///
/// let mut text = TextBlock::new("Hello.");
/// assert_eq!(text.element.spacing, None);
/// text.element.spacing = Some(Spacing::Large);
/// # assert_eq!(text, TextBlock::new("Hello.").spacing(Spacing::Large));
/// ```
#[derive(Clone, Debug)]
pub struct Shared<T>(Option<Box<T>>);

/// A struct that can be [`Shared`].
pub(crate) trait Group: 'static {
    fn empty() -> &'static Self;
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Group> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or_else(|| T::empty())
    }
}

impl<T: Group + Default> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Group + PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Properties + Default> Properties for Shared<T> {
    fn set(&mut self, key: &str, value: Value) -> Result<Option<Kept>, Value> {
        // Most objects set none of these: read first, keep only what was used.
        if let Some(group) = &mut self.0 {
            return group.set(key, value);
        }
        let mut group = T::default();
        let read = group.set(key, value)?;
        self.0 = Some(Box::new(group));
        Ok(read)
    }

    fn write(&self, out: &mut Out<'_, '_>) {
        if let Some(group) = &self.0 {
            group.write(out);
        }
    }
}
