//! The table of keys in the guide is the one the configuration is checked against.

#[test]
fn the_guide_shows_every_key_as_it_is() {
    let guide = include_str!("../../docs/guide/configuration.md");
    let (_, rest) = guide.split_once("<!-- reference:begin -->").unwrap();
    let (shown, _) = rest.split_once("<!-- reference:end -->").unwrap();
    assert_eq!(
        shown.trim(),
        binder::config::reference().trim(),
        "put the output of `binder::config::reference()` between the markers"
    );
}
