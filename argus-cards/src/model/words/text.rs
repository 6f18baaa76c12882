//! The words of texts.

use crate::model::macros::words;

words! {
    /// How large a text is.
    TextSize {
        /// Small.
        Small = "Small",
        /// The usual.
        Default = "Default",
        /// Medium.
        Medium = "Medium",
        /// Large.
        Large = "Large",
        /// The largest.
        ExtraLarge = "ExtraLarge",
    }
}

words! {
    /// How heavy a text is.
    TextWeight {
        /// Light.
        Lighter = "Lighter",
        /// The usual.
        Default = "Default",
        /// Bold.
        Bolder = "Bolder",
    }
}

words! {
    /// What a text's colour says.
    TextColor {
        /// The usual.
        Default = "Default",
        /// For light surfaces.
        Dark = "Dark",
        /// For dark surfaces.
        Light = "Light",
        /// The product's colour.
        Accent = "Accent",
        /// All is well.
        Good = "Good",
        /// Careful.
        Warning = "Warning",
        /// Look here now.
        Attention = "Attention",
    }
}

words! {
    /// The typeface of a text.
    FontType {
        /// The usual.
        Default = "Default",
        /// Every letter as wide as the next.
        Monospace = "Monospace",
    }
}

words! {
    /// What a screen reader takes a text for.
    TextBlockStyle {
        /// The usual.
        Default = "default",
        /// The name of a column.
        ColumnHeader = "columnHeader" teams,
        /// A heading.
        Heading = "heading",
    }
}

words! {
    /// The language of code.
    CodeLanguage {
        /// Bash.
        Bash = "Bash",
        /// C.
        C = "C",
        /// C++.
        Cpp = "Cpp",
        /// C#.
        CSharp = "CSharp",
        /// CSS.
        Css = "Css",
        /// Batch files of Windows.
        Dos = "Dos",
        /// Go.
        Go = "Go",
        /// GraphQL.
        Graphql = "Graphql",
        /// HTML.
        Html = "Html",
        /// Java.
        Java = "Java",
        /// JavaScript.
        JavaScript = "JavaScript",
        /// JSON.
        Json = "Json",
        /// Objective-C.
        ObjectiveC = "ObjectiveC",
        /// Perl.
        Perl = "Perl",
        /// PHP.
        Php = "Php",
        /// No language.
        PlainText = "PlainText",
        /// PowerShell.
        PowerShell = "PowerShell",
        /// Python.
        Python = "Python",
        /// SQL.
        Sql = "Sql",
        /// TypeScript.
        TypeScript = "TypeScript",
        /// Visual Basic.
        VbNet = "VbNet",
        /// Verilog.
        Verilog = "Verilog",
        /// VHDL.
        Vhdl = "Vhdl",
        /// XML.
        Xml = "Xml",
    }
}

words! {
    /// Where something stands from left to right.
    HorizontalAlignment {
        /// Left.
        Left = "Left",
        /// In the middle.
        Center = "Center",
        /// Right.
        Right = "Right",
    }
}

words! {
    /// Where something stands from top to bottom.
    VerticalAlignment {
        /// Top.
        Top = "Top",
        /// In the middle.
        Center = "Center",
        /// Bottom.
        Bottom = "Bottom",
    }
}
