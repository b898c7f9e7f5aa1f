//! Folders of images.
use super::*;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

fn gray(width: u32, height: u32, value: u8) -> DynamicImage {
    GrayImage::from_fn(width, height, |x, y| Luma([value.wrapping_add((y * width + x) as u8)])).into()
}

fn save(folder: &Path, name: &str, image: &DynamicImage, format: ImageFormat) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save_with_format(path, format).unwrap();
}

/// Two classes of three gray images each.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (class, base) in [("tie", 100), ("hat", 10)] {
        for (index, ending, format) in
            [(2, "PNG", ImageFormat::Png), (0, "bmp", ImageFormat::Bmp), (1, "png", ImageFormat::Png)]
        {
            save(folder.path(), &format!("{class}/{index}.{ending}"), &gray(3, 2, base + index), format);
        }
    }
    std::fs::write(folder.path().join("readme.txt"), "about them").unwrap();
    std::fs::write(folder.path().join("hat/.hidden"), "").unwrap();
    folder
}

fn images(size: Option<[u32; 2]>, colour: Option<Colour>) -> super::super::Images {
    super::super::Images { size, colour }
}

fn bytes(table: &Table) -> &[u8] {
    table.inputs.elements.as_bytes()
}

#[test]
fn classes_by_folder_rows_by_name() {
    let folder = folder();
    let gray = images(None, Some(Colour::Gray));
    let table = gray.read(folder.path(), LIMIT, &quiet).unwrap();
    assert_eq!((table.inputs.row.as_slice(), table.inputs.rows()), (&[1, 2, 3][..], 6));
    let expected: Vec<u8> = [10, 11, 12, 100, 101, 102].iter().flat_map(|&base| base..base + 6).collect();
    assert_eq!(bytes(&table), expected);
    let resolved = classes::resolve(table.labels, None, false).unwrap();
    assert_eq!(resolved.classes.unwrap(), ["hat", "tie"]);
    assert_eq!(resolved.train.elements.as_bytes(), [0, 0, 0, 1, 1, 1]);
    // A part of them needs a shuffle.
    let mut import = import(folder.path(), Format::Images(gray));
    let out = tempfile::tempdir().unwrap();
    assert!(matches!(import.run(out.path(), &quiet).unwrap_err(), ImportError::SortedRows));
    import.options.selection.shuffle = Some(1);
    let first = import.run(out.path(), &quiet).unwrap().manifest;
    assert_eq!(first.tensors.train_inputs.shape.dims(), [5, 1, 2, 3]);
    assert_eq!(first.sources[0].files, 6);
    assert!(import.run(out.path(), &quiet).unwrap().unchanged);
    // A file of another name is another source.
    std::fs::rename(folder.path().join("hat/1.png"), folder.path().join("hat/3.png")).unwrap();
    assert!(!import.run(out.path(), &quiet).unwrap().unchanged);
}

#[test]
fn channels_come_one_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let image = RgbImage::from_fn(2, 1, |x, _| if x == 0 { Rgb([1, 2, 3]) } else { Rgb([4, 5, 6]) });
    save(folder.path(), "a/x.png", &image.clone().into(), ImageFormat::Png);
    let table = images(None, None).read(folder.path(), LIMIT, &quiet).unwrap();
    assert_eq!((bytes(&table), table.inputs.row.as_slice()), (&[1, 4, 2, 5, 3, 6][..], &[3, 1, 2][..]));
    // JPEG, with another size; and gray ones as three channels.
    let photo = RgbImage::from_pixel(16, 16, Rgb([200, 100, 50]));
    save(folder.path(), "a/y.jpg", &photo.into(), ImageFormat::Jpeg);
    save(folder.path(), "a/z.png", &gray(4, 4, 7), ImageFormat::Png);
    let rgb = images(Some([2, 2]), Some(Colour::Rgb));
    let table = rgb.read(folder.path(), LIMIT, &quiet).unwrap();
    assert_eq!(table.inputs.row, [3, 2, 2]);
    let photo = &bytes(&table)[12..24];
    assert!(
        photo
            .iter()
            .zip([200, 200, 200, 200, 100, 100, 100, 100, 50, 50, 50, 50])
            .all(|(&got, want): (_, i32)| (i32::from(got) - want).abs() < 6),
        "{photo:?}"
    );
    assert_eq!(bytes(&table)[24..28], bytes(&table)[28..32]);
    assert_eq!(bytes(&rgb.read(folder.path(), LIMIT, &quiet).unwrap()), bytes(&table), "again the same");
}

#[test]
fn resizing_is_what_it_was() {
    // A change here changes the roots of everything that was imported with --size: raise the manifest's version.
    let folder = tempfile::tempdir().unwrap();
    let image: DynamicImage = GrayImage::from_fn(8, 8, |x, y| Luma([(x * 31 + y * y * 5) as u8])).into();
    save(folder.path(), "a/x.png", &image, ImageFormat::Png);
    let table = images(Some([3, 4]), None).read(folder.path(), LIMIT, &quiet).unwrap();
    assert_eq!(bytes(&table), RESIZED);
}

const RESIZED: [u8; 12] = [32, 88, 150, 196, 89, 142, 169, 111, 158, 131, 109, 120];

#[test]
fn folders_that_do_not_fit_are_errors() {
    let message =
        |folder: &Path, images: super::super::Images| images.read(folder, LIMIT, &quiet).unwrap_err().to_string();
    let any = images(None, None);
    let empty = tempfile::tempdir().unwrap();
    assert!(message(empty.path(), any).contains("FOLDER/CLASS"));
    std::fs::create_dir(empty.path().join("hat")).unwrap();
    assert!(message(empty.path(), any).contains("no images"));
    assert!(message(&empty.path().join("nowhere"), any).contains("nowhere"));
    std::fs::write(empty.path().join("hat/x.webp"), "").unwrap();
    assert!(message(empty.path(), any).contains("x.webp: not a png"));

    let folder = folder();
    std::fs::remove_file(folder.path().join("hat/0.bmp")).unwrap(); // A bmp's palette counts as colours.
    std::fs::remove_file(folder.path().join("tie/0.bmp")).unwrap();
    save(folder.path(), "tie/3.png", &gray(4, 2, 0), ImageFormat::Png);
    let error = message(folder.path(), any);
    assert!(error.contains("3.png: it is 2x4, the first image is 2x3") && error.contains("--size"), "{error}");
    save(folder.path(), "tie/3.png", &RgbImage::new(3, 2).into(), ImageFormat::Png);
    let error = message(folder.path(), any);
    assert!(error.contains("3.png: it is coloured, the first image is gray") && error.contains("--rgb"), "{error}");
    for content in [&b""[..], b"no image", b"\x89PNG\r\n\x1a\n", b"BM"] {
        std::fs::write(folder.path().join("tie/3.png"), content).unwrap();
        let error = message(folder.path(), any);
        assert!(error.contains("tie/3.png"), "{error}");
    }
    let gray = images(Some([1000, 1000]), Some(Colour::Gray));
    assert!(message(folder.path(), gray).contains("--max-bytes"));
}

#[test]
fn huge_and_damaged_images_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/x.bmp");
    save(folder.path(), "a/x.bmp", &gray(2, 2, 0), ImageFormat::Bmp);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[18..22].copy_from_slice(&30_000_u32.to_le_bytes()); // Its width.
    std::fs::write(&path, &bytes).unwrap();
    let error = images(None, None).read(folder.path(), LIMIT, &quiet).unwrap_err().to_string();
    assert!(error.contains("x.bmp"), "{error}");
    for (format, ending) in [(ImageFormat::Png, "png"), (ImageFormat::Jpeg, "jpg"), (ImageFormat::Bmp, "bmp")] {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("a/x.{ending}");
        save(folder.path(), &name, &gray(9, 9, 3), format);
        let file = std::fs::read(folder.path().join(&name)).unwrap();
        for round in 0..300 {
            let mut damaged = file.clone();
            let [place, value, ..] = assay_core::arith::random::philox(2, 5, round);
            let place = place as usize % damaged.len();
            damaged[place] = value as u8;
            std::fs::write(folder.path().join(&name), damaged).unwrap();
            let _ = images(Some([4, 4]), Some(Colour::Gray)).read(folder.path(), LIMIT, &quiet);
        }
    }
}
