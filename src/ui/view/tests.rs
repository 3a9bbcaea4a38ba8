use crate::ui::testing::Screen;

#[test]
fn look() {
    for (w, h) in [(80, 24), (40, 10), (140, 40)] {
        let mut screen = Screen::new(w, h, 96);
        println!("{}", screen.text());
        screen.press("3 enter");
        println!("{}", screen.text());
    }
    let mut screen = Screen::new(200, 50, 96);
    screen.press("p 5 j");
    println!("{}", screen.text());
    let mut screen = Screen::new(80, 24, 96);
    screen.press("?");
    println!("{}", screen.text());
    screen.press("esc :");
    println!("{}", screen.text());
    screen.press("esc g o");
    println!("{}", screen.text());
    screen.press("g b /");
    println!("{}", screen.text());
}
