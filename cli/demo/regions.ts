/** Sweden's regions: county codes, names and population (Statistics Sweden, April 2026). Facts, for the demonstration. */
export type Region = { readonly code: string; readonly name: string; readonly population: number };

export const REGIONS: readonly Region[] = [
  { code: "01", name: "Region Stockholm", population: 2_488_908 },
  { code: "03", name: "Region Uppsala", population: 410_862 },
  { code: "04", name: "Region Sörmland", population: 300_101 },
  { code: "05", name: "Region Östergötland", population: 472_404 },
  { code: "06", name: "Region Jönköpings län", population: 369_749 },
  { code: "07", name: "Region Kronoberg", population: 202_814 },
  { code: "08", name: "Region Kalmar län", population: 245_044 },
  { code: "09", name: "Region Gotland", population: 60_800 },
  { code: "10", name: "Region Blekinge", population: 156_318 },
  { code: "12", name: "Region Skåne", population: 1_433_424 },
  { code: "13", name: "Region Halland", population: 345_956 },
  { code: "14", name: "Västra Götalandsregionen", population: 1_777_763 },
  { code: "17", name: "Region Värmland", population: 282_726 },
  { code: "18", name: "Region Örebro län", population: 308_355 },
  { code: "19", name: "Region Västmanland", population: 280_649 },
  { code: "20", name: "Region Dalarna", population: 285_946 },
  { code: "21", name: "Region Gävleborg", population: 283_243 },
  { code: "22", name: "Region Västernorrland", population: 240_154 },
  { code: "23", name: "Region Jämtland Härjedalen", population: 132_785 },
  { code: "24", name: "Region Västerbotten", population: 278_495 },
  { code: "25", name: "Region Norrbotten", population: 249_228 },
];
