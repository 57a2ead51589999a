//! A terminal window as SVG, light or dark.

use super::text::{Color, Look, Span};

/// Tenths of a pixel that a column is wide. Each span says how wide it is, so that columns stay aligned in every font.
const COLUMN: usize = 84;
/// Pixels from one line to the next.
const LINE: usize = 20;
/// Height of the title bar.
const BAR: usize = 36;
/// Space around the text.
const MARGIN: usize = 20;
/// The fonts that operating systems have for terminals.
const FONTS: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono','DejaVu Sans Mono',monospace";
/// The buttons of the window.
const BUTTONS: [(usize, &str); 3] = [(20, "#ff5f57"), (40, "#febc2e"), (60, "#28c840")];

/// The colors of a picture.
#[derive(Debug)]
pub(crate) struct Palette {
    background: &'static str,
    bar: &'static str,
    border: &'static str,
    text: &'static str,
    dim: &'static str,
    red: &'static str,
    green: &'static str,
    yellow: &'static str,
    magenta: &'static str,
    cyan: &'static str,
}

pub(crate) const LIGHT: Palette = Palette {
    background: "#ffffff",
    bar: "#f6f8fa",
    border: "#d1d9e0",
    text: "#1f2328",
    dim: "#59636e",
    red: "#cf222e",
    green: "#1a7f37",
    yellow: "#9a6700",
    magenta: "#8250df",
    cyan: "#1b7c83",
};
pub(crate) const DARK: Palette = Palette {
    background: "#0d1117",
    bar: "#151b23",
    border: "#3d444d",
    text: "#f0f6fc",
    dim: "#9198a1",
    red: "#ff7b72",
    green: "#3fb950",
    yellow: "#d29922",
    magenta: "#bc8cff",
    cyan: "#39c5cf",
};

/// Draws a window with lines of at most `columns` characters. The label is for screen readers.
pub(crate) fn draw(title: &str, label: &str, lines: &[Vec<Span>], columns: usize, palette: &Palette) -> String {
    let width = 2 * MARGIN + (columns * COLUMN).div_ceil(10);
    let height = BAR + 2 * MARGIN + lines.len() * LINE;
    let Palette { background, bar, border, .. } = palette;
    let frame =
        |rest: &str| format!(r#"<rect x=".5" y=".5" width="{}" height="{}" rx="10" {rest}/>"#, width - 1, height - 1);
    let mut parts = vec![
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{}">"#,
            escape(label)
        ),
        style(palette),
        format!(r#"<clipPath id="window">{}</clipPath>"#, frame("")),
        frame(&format!(r#"fill="{background}""#)),
        format!(r#"<path clip-path="url(#window)" fill="{bar}" d="M0 0h{width}v{BAR}H0z"/>"#),
        format!(r#"<path stroke="{border}" d="M0 {BAR}.5h{width}"/>"#),
        frame(&format!(r#"fill="none" stroke="{border}""#)),
    ];
    let center = BAR / 2;
    parts.extend(BUTTONS.map(|(x, color)| format!(r#"<circle cx="{x}" cy="{center}" r="6" fill="{color}"/>"#)));
    let (x, y) = (width / 2, center + 5);
    parts.push(format!(r#"<text class="d" x="{x}" y="{y}" text-anchor="middle">{}</text>"#, escape(title)));
    for (index, line) in lines.iter().enumerate() {
        let y = BAR + MARGIN + index * LINE + 15;
        parts.extend(line.iter().map(|span| text(span, y)));
    }
    parts.push("</svg>\n".to_owned());
    parts.join("\n")
}

fn style(palette: &Palette) -> String {
    let Palette { text, dim, red, green, yellow, magenta, cyan, .. } = palette;
    let mut rules = format!("<style>text{{font:14px {FONTS};fill:{text}}}.b{{font-weight:700}}");
    for (class, color) in [('d', dim), ('r', red), ('g', green), ('y', yellow), ('m', magenta), ('c', cyan)] {
        rules.push_str(&format!(".{class}{{fill:{color}}}"));
    }
    rules + "</style>"
}

fn text(span: &Span, y: usize) -> String {
    let Look { is_bold, is_dim, color } = span.look;
    let color = color.map(|color| match color {
        Color::Red => 'r',
        Color::Green => 'g',
        Color::Yellow => 'y',
        Color::Magenta => 'm',
        Color::Cyan => 'c',
    });
    let classes: Vec<_> =
        [is_bold.then_some('b'), is_dim.then_some('d'), color].into_iter().flatten().map(String::from).collect();
    let class = if classes.is_empty() { String::new() } else { format!(r#" class="{}""#, classes.join(" ")) };
    let x = tenths(10 * MARGIN + span.column * COLUMN);
    let length = tenths(span.text.chars().count() * COLUMN);
    let text = escape(&span.text);
    format!(r#"<text{class} x="{x}" y="{y}" textLength="{length}" lengthAdjust="spacingAndGlyphs">{text}</text>"#)
}

fn tenths(tenths: usize) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

/// The text, escaped for XML. Control characters, which XML does not have, become visible.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character if character.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_stand_at_their_columns() {
        let look = Look { is_bold: true, color: Some(Color::Red), ..Look::default() };
        let span = Span { column: 2, text: "FAIL".to_owned(), look };
        assert_eq!(
            text(&span, 71),
            r#"<text class="b r" x="36.8" y="71" textLength="33.6" lengthAdjust="spacingAndGlyphs">FAIL</text>"#
        );
    }

    #[test]
    fn text_is_escaped() {
        let span = Span { column: 0, text: "a<b & \"c\"\u{7}".to_owned(), look: Look::default() };
        let svg = draw("t & t", "\"l\"", &[vec![span]], 10, &LIGHT);
        assert!(svg.contains(">a&lt;b &amp; &quot;c&quot;\u{fffd}</text>"), "{svg}");
        assert!(svg.contains("t &amp; t</text>") && svg.contains(r#"aria-label="&quot;l&quot;""#), "{svg}");
    }
}
