//! Pictures, videos and sounds.

use super::macros::object;
use super::{
    ElementHeight, ElementId, HorizontalAlignment, ImageExtent, ImageFitMode, ImageSetStyle,
    ImageSize, ImageStyle, SelectAction, Size, ThemedUrl, Url, VerticalAlignment,
};

object! {
    /// A picture.
    Image = "Image" since "1.0" has [element] with [named aligned] {
        /// Where it is.
        url: Url = "url" required,
        /// What it shows, for those who cannot see it.
        alt_text: String = "altText",
        /// The colour behind it, like `#AA4400`.
        background_color: String = "backgroundColor" since "1.1",
        /// Its shape.
        style: ImageStyle = "style",
        /// How large it is.
        size: Size = "size",
        /// How wide it is.
        width: ImageExtent = "width" since "1.1",
        /// What happens when it is pressed.
        select_action: SelectAction = "selectAction" since "1.1",
        /// Can be opened large.
        allow_expand: bool = "allowExpand" teams,
        /// What only Teams knows.
        msteams: TeamsImage = "msteams" teams,
        /// The same picture for each theme.
        themed_urls: [ThemedUrl] = "themedUrls" teams,
        /// How it fills width and height.
        fit_mode: ImageFitMode = "fitMode" teams,
        /// Which part is seen from left to right, if not all is.
        horizontal_content_alignment: HorizontalAlignment = "horizontalContentAlignment" teams,
        /// Which part is seen from top to bottom, if not all is.
        vertical_content_alignment: VerticalAlignment = "verticalContentAlignment" teams,
        /// How high it is.
        height: ImageExtent = "height" since "1.1",
    }
}

impl Image {
    /// A picture and what it shows.
    #[must_use]
    pub fn new(url: impl Into<Url>, alt_text: impl Into<String>) -> Self {
        Self { url: url.into(), alt_text: Some(alt_text.into()), ..Self::default() }
    }
}

object! {
    /// What only Teams knows about a picture.
    TeamsImage only "Teams" with [keyed] () {
        /// Can be opened large.
        allow_expand: bool = "allowExpand",
    }
}

object! {
    /// Pictures side by side.
    ImageSet = "ImageSet" since "1.0" has [element] with [named height aligned] () {
        /// The pictures.
        images: [Image] = "images" required,
        /// How large each picture is.
        image_size: ImageSize = "imageSize",
        /// How the pictures lie.
        style: ImageSetStyle = "style" since "1.6" elsewhere,
    }
}

object! {
    /// A video or a sound.
    Media = "Media" since "1.1" has [element] with [named height] () {
        /// Where it is, in each format.
        sources: [MediaSource] = "sources" required,
        /// Where its captions are, in each language.
        caption_sources: [CaptionSource] = "captionSources" since "1.6",
        /// A picture that is shown before it plays.
        poster: Url = "poster",
        /// What it shows, for those who cannot see it.
        alt_text: String = "altText",
    }
}

object! {
    /// Where a video or a sound is, in one format.
    MediaSource since "1.1" with [keyed] (
        /// Where it is.
        url: Url = "url" required,
        /// Its format, like `video/mp4`.
        mime_type: String = "mimeType",
    ) {}
}

object! {
    /// Where the captions of a video are, in one language.
    CaptionSource since "1.6" with [keyed] (
        /// Its format, like `video/mp4`.
        mime_type: String = "mimeType" required,
        /// Where it is.
        url: Url = "url" required,
        /// The language, as people read it.
        label: String = "label" required,
    ) {}
}
